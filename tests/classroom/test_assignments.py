"""The five assignments: ready to hand out, nothing given away, messages that teach."""

import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from classroom.author import PRACTICE, make_release
from classroom.checks import Derivation, Task
from classroom.course import ROOT, ClassroomError, Course, Limits
from classroom.grade import self_test
from classroom.judge import cases_of, judge_derivation, judge_task
from classroom.probe import MIME, arguments, plain
from classroom.restore import grade_id, is_answer
from classroom.sandbox import CellRun, bwrap, refuse_to_show, run_cells, staged

from .conftest import released, solution

NAMES = ["hw1", "hw2", "hw3", "hw4", "hw5"]


@pytest.fixture(scope="module")
def homework(tmp_path_factory) -> Course:
    course = Course(tmp_path_factory.mktemp("homework"), (ROOT / "assignments",))
    for name in NAMES:
        make_release(course, course.assignment(name))
    return course


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("name", NAMES)
def test_the_solution_gets_all_points_and_the_untouched_release_none(homework, name):
    said = self_test(homework, homework.assignment(name))
    assert "the untouched release none (" in said and "more are for words" in said


@pytest.mark.parametrize("name", NAMES)
def test_each_has_four_to_seven_tasks_of_all_kinds(homework, name):
    assignment = homework.assignment(name)
    tasks = assignment.checks.TASKS.values()
    text = assignment.markdown.read_text()
    assert 4 <= len(tasks) + text.count('"written"') <= 7
    assert any(isinstance(task, Derivation) for task in tasks)
    assert "Find the bug" in text and '"written"' in text
    code = [task for task in tasks if isinstance(task, Task)]
    assert all(len(task.properties) > 1 for task in code)
    # the points in a heading are those of checks.py
    headings = [int(n) for n in re.findall(r"^## .*\((\d+) points\)", text, re.M)]
    written = [int(n) for n in re.findall(r'"points": (\d+)', text)]
    assert sum(headings) == sum(task.points for task in tasks) + sum(written)
    rules = released(homework, name).cells[1].source
    assert f"The whole is worth {sum(headings)} points." in rules


@pytest.mark.parametrize("name", NAMES)
def test_the_release_holds_no_solution_no_check_and_no_seed(homework, name):
    folder = homework.release(name).parent
    assert sorted(path.name for path in folder.iterdir()) == [
        "cases.json", "check.py", f"{name}.ipynb", f"{name}.zip", "inside.py", "probe.py",
        "sheet.json",
    ]  # fmt: skip
    with zipfile.ZipFile(folder / f"{name}.zip") as archive:
        packed = {entry: archive.read(entry) for entry in archive.namelist()}
    files = [path for path in folder.iterdir() if path.suffix != ".zip"]
    assert packed == {path.name: path.read_bytes() for path in files}
    handed_out = "\n".join(path.read_text() for path in files)
    assignment = homework.assignment(name)
    homework.seed(name, "ada", "any")  # draws the secret, if it was not drawn before
    secret = (homework.root / "secret").read_text()
    for word in ("SOLUTION", "TASKS", "Property", "checks.py", secret, "course/graded"):
        assert word not in handed_out
    stubs = {grade_id(c): c.source for c in released(homework, name).cells}
    secrets = 0
    for cell in solution(homework, name).cells:
        if not is_answer(cell):
            continue
        for region in re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.S
        ):
            for line in (line.strip() for line in region.splitlines()):
                if len(line) > 25 and line not in stubs[grade_id(cell)]:
                    secrets += 1
                    assert line not in handed_out, line
    assert secrets >= 3
    for task, seen in json.loads((folder / "cases.json").read_text()).items():
        drawn = cases_of(assignment.checks.TASKS[task], homework.seed(name, "ada", task))
        assert drawn != seen
        assert seen == cases_of(assignment.checks.TASKS[task], PRACTICE)


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-01-01 12:00:00 UTC", "2026-01-01 12:00:00 UTC"),
        ("2026-01-01 12:00:00+02:00", "2026-01-01 10:00:00 UTC"),
        ("2026-01-01 12:00:00", "has no zone"),
        ("2026-01-01 12:00 Asia/Seoul", "2026-01-01 03:00:00 UTC"),
        ("2026-01-01 12:00 Asia/Soul", "write for example 2027-03-01 12:00 Asia/Seoul"),
        ("soon", "is no date that can be read"),
    ],
)
def test_a_due_date_has_a_zone(tmp_path, due, said):
    markdown = tmp_path / "toy" / "toy.md"
    markdown.parent.mkdir()
    original = (Path(__file__).parent / "toy" / "toy.md").read_text()
    markdown.write_text(re.sub(r"due: .*", f"due: {due}", original))
    course = Course(tmp_path / "course", (tmp_path,))
    if said.startswith("2026"):
        assert course.assignment("toy").due == said
    else:
        with pytest.raises(ClassroomError, match=f"toy.md.*{said}"):
            course.assignment("toy")


def test_seeds_differ_by_student_and_stay(homework):
    seeds = {homework.seed("hw1", student, "mle") for student in ("ada", "ben", "cy")}
    assert len(seeds) == 3
    assert homework.seed("hw1", "ada", "mle") in seeds
    assert oct((homework.root / "secret").stat().st_mode)[-3:] == "600"


def test_two_workers_at_once_draw_one_secret(tmp_path, monkeypatch):
    """Seen: a class's first two submissions had cases that never came again."""
    both_are_late = threading.Barrier(2, timeout=60)

    def token(n: int) -> str:
        both_are_late.wait()
        return secrets.token_hex(n)

    course = Course(tmp_path, ())
    monkeypatch.setattr("classroom.course.secrets", SimpleNamespace(token_hex=token))
    with ThreadPoolExecutor(2) as threads:
        seeds = list(threads.map(lambda _: course.seed("toy", "ada", "square"), range(2)))
    assert seeds == [course.seed("toy", "ada", "square")] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("return x * x", "return -x"), "the solution gets"),
        (("lambda x: square(x)", "lambda x: x * x"), "the untouched release gets"),
    ],
)
@pytest.mark.usefixtures("sandbox")
def test_a_release_that_is_not_ready_is_refused(tmp_path, change, message):
    toy = Path(__file__).parent / "toy"
    shutil.copytree(toy, tmp_path / "mine" / "toy")
    markdown = tmp_path / "mine" / "toy" / "toy.md"
    markdown.write_text(markdown.read_text().replace(*change))
    course = Course(tmp_path / "course", (tmp_path / "mine",))
    make_release(course, course.assignment("toy"))
    with pytest.raises(ClassroomError, match=message):
        self_test(course, course.assignment("toy"))


def test_a_private_overlay_goes_before_the_public_folder(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "assignments" / "hw1", tmp_path / "private" / "hw1")
    monkeypatch.setenv("CLASSROOM_ASSIGNMENTS", str(tmp_path / "private"))
    assert Course.here().assignment("hw1").folder == tmp_path / "private" / "hw1"
    assert Course.here().assignment("hw2").folder == ROOT / "assignments" / "hw2"
    with pytest.raises(ClassroomError, match="there is no assignment hw9"):
        Course.here().assignment("hw9")
    with pytest.raises(ClassroomError, match="no name"):
        Course.here().assignment("../hw1")


def marked(name: str, task: str, function, homework) -> dict[str, str]:
    """The messages for a function, by property, without a sandbox."""
    assignment = homework.assignment(name)
    cases = cases_of(assignment.checks.TASKS[task], 12345)
    said = []
    for case in cases:
        try:
            said.append({"value": plain(function(**arguments(case)), [50_000])})
        except Exception as error:
            said.append({"raised": type(error).__name__, "message": str(error)})
    data = json.loads(json.dumps({MIME: {"task": task, "answers": said}}))
    run = CellRun("ok", [{"output_type": "display_data", "data": data}])
    mark = judge_task(task, assignment.checks.TASKS[task], cases, run)
    assert not mark.pending
    return {line.name: line.message for line in mark.lines}


def test_messages_teach(homework):
    import math

    import torch

    def kl(mu_1, sigma_1, mu_2, sigma_2):
        if min(sigma_1, sigma_2) <= 0:
            raise ValueError
        spread = (sigma_1**2 + (mu_1 - mu_2) ** 2) / (2 * sigma_2**2)
        return math.log(sigma_1 / sigma_2) - 0.5 + spread

    messages = marked("hw2", "gaussian-kl", kl, homework)
    assert "sign of the log term" in messages["the values"]
    never = messages["never negative, and zero from itself"]
    assert "you returned -" in never and "A KL is never negative" in never
    assert messages["refuses a deviation that is not positive"] == ""

    messages = marked("hw1", "mle", lambda x: (x.mean(), x.var()), homework)
    assert "N - 1" in messages["the variance"] and messages["the mean"] == ""

    def density(x, mu, sigma):
        return torch.distributions.Normal(mu, sigma).log_prob(x).exp().log()

    messages = marked("hw1", "log-density", density, homework)
    assert messages["the values"] == "" and "by hand" in messages["far from the mean"]

    def term(mu, log_var, m, log_tau2):
        ratio = (2 * log_var - 2 * log_tau2).exp()
        distance = (mu - m) ** 2 / (2 * log_tau2).exp()
        return 0.5 * (ratio + distance - 1 - 2 * log_var + 2 * log_tau2).sum(-1)

    assert "sigma squared" in marked("hw3", "kl-term", term, homework)["the values"]

    def book(mu, log_var, m, log_tau2):  # the chapter's formula, as it stands there
        return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)

    assert "has m and tau" in marked("hw3", "kl-term", book, homework)["the values"]

    def printed(x, logits):  # the chapter's formula before it is made stable
        return (x * logits - torch.log(1 + logits.exp())).sum(-1)

    messages = marked("hw3", "reconstruction", printed, homework)
    assert messages["the values"] == ""
    assert "softplus" in messages["logits of any size"]


def test_messages_teach_diffusion(homework):
    """hw5: likely slips, each with the message that tells where to look."""
    import math

    def product(betas, t):  # without the root
        bar = math.prod(1 - beta for beta in betas[:t])
        return bar, 1 - bar

    messages = marked("hw5", "jump", product, homework)
    assert "a mean is scaled" in messages["the factor"]
    assert messages["the variance"] == messages["before the first step"] == ""

    def plain_sum(betas, t):
        return math.sqrt(math.prod(1 - beta for beta in betas[:t])), betas[:t].sum()

    messages = marked("hw5", "jump", plain_sum, homework)
    assert "shrinks the noise" in messages["the variance"] and not messages["the factor"]

    def unknown_start(x_t, x_0, betas, t):  # beta_t, as if x_0 were not known; exchanged
        before = math.prod(1 - beta for beta in betas[: t - 1])
        beta = betas[t - 1]
        mean = math.sqrt(before) * beta * x_t + math.sqrt(1 - beta) * (1 - before) * x_0
        return mean / (1 - before * (1 - beta)), beta

    messages = marked("hw5", "step-back", unknown_start, homework)
    assert "changed places" in messages["the mean"]
    assert "That is beta_t" in messages["the variance"] and messages["the first step"]

    def average(x_0, betas):
        bar = math.prod(1 - beta for beta in betas)
        return 0.5 * (bar * x_0**2 - bar - math.log(1 - bar)).mean()

    messages = marked("hw5", "top", average, homework)
    assert "is a sum" in messages["the values"]

    messages = marked("hw5", "noise-between", lambda betas, t, s: betas[t - 1], homework)
    assert "last step alone" in messages["several steps"] and not messages["one step"]


def test_any_correct_stream_of_random_numbers_is_accepted(homework):
    import numpy as np
    import torch

    def moment(mu, n, generator):  # numpy, two numbers at a time, mirrored
        seed = int(torch.randint(2**31, (1,), generator=generator))
        half = np.random.default_rng(seed).normal(mu, 1, n)
        return (half**2).mean(), (half**2).std() / n**0.5

    assert set(marked("hw1", "monte-carlo", moment, homework).values()) == {""}


def test_a_message_never_holds_the_answer(homework):
    """An all-wrong function learns nothing that is not in the task."""
    for name, task in (("hw1", "mle"), ("hw2", "gaussian-kl"), ("hw2", "elbo")):
        assignment = homework.assignment(name)
        right = solution(homework, name)
        names: dict = {}
        for cell in right.cells:
            if cell.cell_type == "code" and (is_answer(cell) or grade_id(cell) == "setup"):
                exec(cell.source, names)
        functions = {
            "mle": lambda x, f=names: f["gaussian_mle"](x),
            "gaussian-kl": lambda f=names, **case: f["gaussian_kl"](**case),
            "elbo": lambda x, w, m, s, f=names: (
                f["elbo"](x, w, m, s), *f["posterior"](x, w)
            ),
        }  # fmt: skip
        function = functions[task]
        wrong = marked(name, task, lambda _k=task, **case: (
            12345.0 if _k == "gaussian-kl" else (12345.0,) * (2 if _k == "mle" else 3)
        ), homework)  # fmt: skip
        said = " ".join(wrong.values())
        for case in cases_of(assignment.checks.TASKS[task], 12345)[:2]:
            truth = plain(function(**arguments(case)), [100])
            for number in truth if isinstance(truth, list) else [truth]:
                assert f"{number:.3g}" not in said.replace("12345", "")


RIGHT_TRAINING = [("", ""), ("lr=0.003", "lr=0.001"), ("lr=0.003", "lr=0.01")]
WRONG_TRAINING = [
    ("(kl - reconstruction)", "(0.5 * kl - reconstruction)"),
    ("(kl - reconstruction)", "(2 * kl - reconstruction)"),
    ("torch.exp(0.5 * log_var)", "torch.exp(log_var)"),
    ("(x * logits - nn.functional.softplus(logits))", "(-((x - logits.sigmoid()) ** 2))"),
    ("softplus(logits)).sum(-1)", "softplus(logits)).mean(-1)"),
]


@pytest.mark.slow
@pytest.mark.parametrize("change", [*RIGHT_TRAINING, *WRONG_TRAINING])
def test_training_bands_hold_for_other_seeds(homework, change):
    """hw4: right training, also slower and faster, gets all; another objective at most
    half. One seed here, ten when the bands were set; SEEDS=10 tries them again."""
    import torch

    checks = homework.assignment("hw4").checks
    sources = {grade_id(c): c.source for c in solution(homework, "hw4").cells}
    assert change[0] in sources["train"]
    names: dict = {}
    exec(sources["setup"], names)
    exec(sources["train"].replace(*change), names)
    task = checks.TASKS["train"]
    for seed in range(int(os.environ.get("SEEDS", "1"))):
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(100 + seed)
        value = plain(dict(names["train"](names["images"], 500, generator).state_dict()),
                      [50_000])  # fmt: skip
        data = {MIME: {"task": "train", "answers": [{"value": value}]}}
        run = CellRun("ok", [{"output_type": "display_data", "data": data}])
        mark = judge_task("train", task, cases_of(task, 0), run)
        said = [line.message for line in mark.lines]
        assert mark.points == 6 if change in RIGHT_TRAINING else mark.points <= 3, said


def test_a_course_inside_what_submissions_see_is_refused():
    with pytest.raises(ClassroomError, match="/usr/course lies in /usr"):
        refuse_to_show(Path("/usr/course"))


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
def test_a_normal_user_has_the_sandbox_too(tmp_path):
    """No rights of root: namespaces of the user's own, and all limits."""
    script = (
        "id -u; cat /proc/self/status | grep CapEff; ls /; "
        "(echo x > /usr/x) 2>/dev/null && echo wrote; "
        "for i in $(seq 200); do sleep 5 & done 2>&1 | grep -c -i resource"
    )
    program = [
        "import os, sys\nfrom pathlib import Path\n"
        "sys.base_prefix = sys.prefix = '/usr'\n"
        "os.geteuid = lambda: 1000\n"
        "from classroom.sandbox import bwrap\nfrom classroom.course import Limits\n"
        "print('\\0'.join(bwrap(Path('/tmp'), Limits(processes=20))))"
    ]
    import sys

    run = subprocess.run(
        [sys.executable, "-c", *program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    command = [*run.stdout.strip().split("\0"), "sh", "-c", script]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert done.returncode in (0, 1), done.stderr
    lines = done.stdout.split()
    assert lines[0] == "1000" and "0000000000000000" in lines
    assert "home" not in lines and "wrote" not in lines
    assert "--unshare-user" in command and "--unshare-net" in command


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
def test_memory_is_counted_over_all_processes_and_costs_its_cell_alone(homework):
    limits = Limits(seconds_per_cell=60, seconds=120, memory_mb=1000)
    cells = [
        "import os, time\nfor _ in range(4):\n    if not os.fork():\n"
        "        x = b'1' * (400 * 2**20); time.sleep(99)\ntime.sleep(99)",
        "x = []\nwhile True: x.append(bytearray(2**24))",
        "y = bytearray(600 * 2**20)",
    ]
    with staged(homework.assignment("hw1"), {}) as stage:
        runs = run_cells(cells, stage, limits)
    assert [run.status for run in runs] == ["memory", "memory", "ok"]


def test_the_command_line_isolates_in_every_way():
    command = bwrap(Path("/stage"), Limits())
    for option in ("--unshare-net", "--unshare-pid", "--die-with-parent", "--clearenv",
                   "--new-session"):  # fmt: skip
        assert option in command
    writable = [command[k + 1] for k, word in enumerate(command) if word == "--bind"]
    assert writable == []


@pytest.mark.slow
def test_the_release_runs_where_a_student_works(homework, tmp_path):
    """`probe` without a sandbox and without grading: it shows what comes back."""
    import sys

    folder = tmp_path / "hw1"
    shutil.copytree(homework.release("hw1").parent, folder)
    code = "from probe import probe; probe('mle', lambda x: (x.mean(), x.var()))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True
    )
    assert "gives" in run.stdout
    nbformat.validate(nbformat.read(folder / "hw1.ipynb", 4))


@pytest.mark.slow
def test_a_derivation_in_pieces_is_told_that_one_alone_was_judged():
    task = Derivation("(a + b)^2", "a^2 + 2 a b + b^2", points=2, min_steps=2)
    steps = "(a + b)^2 = (a + b)(a + b)", "a^2 + a b + b a + b^2 = a^2 + 2 a b + b^2"
    pieces = judge_derivation("square", task, "$${}$$ and so $${}$$".format(*steps), "")
    assert pieces.pending and pieces.points < 2
    assert "Only the longest formula" in pieces.lines[0].message
    whole = judge_derivation("square", task, "$$" + " = ".join(steps) + "$$", "")
    assert (whole.pending, whole.points) == (False, 2)
    alone = judge_derivation("square", task, f"$${steps[0]}$$", "")
    assert alone.pending and "Only the longest" not in alone.lines[0].message
