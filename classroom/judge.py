"""From values to marks, in a process that never ran a line of the student's.

An error of ours is no zero: what cannot be judged waits for a person, and the mark says
for the teacher what went wrong (`Mark.fault`), which `grade` prints.
"""

import multiprocessing
import random
import re
import resource
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from classroom.checks import Answer, Case, Derivation, Task, Wrong
from classroom.probe import MIME, arguments
from classroom.restore import bare
from classroom.sandbox import CellRun
from classroom.words import later, respoken, say

DERIVATION_SECONDS = 60  # of the processor; the longest takes a quarter of it
DERIVATION_BYTES = 4 << 30  # beside what the process that was forked has already


@dataclass
class Line:
    """One property, or one step of a derivation, as the student reads it."""

    name: str
    points: float
    most: float
    message: str = ""
    case: Case | None = None  # the inputs that show it, in full
    kind: str = ""  # the message without what differs between students


@dataclass
class Mark:
    """What a task earned. Pending: a person must look before it counts.

    `fault` is an error of ours, in a line and with its traceback, where something could
    not be judged.
    """

    task: str
    most: float
    points: float = 0.0
    pending: bool = False
    lines: list[Line] = field(default_factory=list)
    fault: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it stands in a record.

        >>> Mark("square", 3.0, 2.0).as_dict()["points"]
        2.0
        """
        return asdict(self)


def judge_task(name: str, task: Task, cases: list[Case], run: CellRun) -> Mark:
    """The mark for a test cell that was run on `cases`."""
    try:
        answers = _answers(name, cases, run)
    except Wrong as wrong:
        above = say("see above")
        lines = [Line(say(p.name), 0.0, p.points, above) for p in task.properties]
        lines[0].message, lines[0].kind = str(wrong), wrong.kind
        return Mark(name, task.points, pending=run.status in NOT_THEIRS, lines=lines)
    mark = Mark(name, task.points)
    for p in task.properties:
        try:
            p.holds(answers)
            mark.lines.append(Line(say(p.name), p.points, p.points))
        except Wrong as wrong:
            said = str(wrong)[:1000]
            line = Line(say(p.name), 0.0, p.points, said, wrong.case, wrong.kind)
            mark.lines.append(line)
        except Exception as error:  # ours: of checks.py, or of what it calls
            mark.pending = True
            mark.fault += f"{p.name}: {_fault(error)}"
            said = say("could not be judged ({error}): a person will look",
                       error=type(error).__name__)  # fmt: skip
            mark.lines.append(Line(say(p.name), 0.0, p.points, said, kind=said))
    mark.points = sum(line.points for line in mark.lines)
    return mark


def _fault(error: BaseException) -> str:
    """What the teacher is told: the error in a line, then where it was raised."""
    (said, *_) = str(error).splitlines() or [""]
    where = "".join(traceback.format_exception(error))
    return f"{type(error).__name__}: {said}\n{where}"


TOO_LONG = later("The test took too long and was stopped: is there a loop that never ends?")
STOPPED = {
    "timeout": TOO_LONG,
    "stuck": TOO_LONG,
    "memory": later("The test needed more memory than there is, and was stopped."),
    "flood": later("The test wrote too much and was stopped."),
    "died": later("Python ended during the test: does your function call exit, or crash?"),
    "killed": later("Python was killed during the test, twice: a person will look."),
    "not run": later("The time for the whole notebook was up before this test could run: a "
                     "person will look."),
}  # fmt: skip
NO_VALUES = later("The test gave no values: was something that it needs replaced?")
NOT_THEIRS = ("killed", "not run")  # what the machine may have done


def _answers(name: str, cases: list[Case], run: CellRun) -> Sequence[Answer]:
    if run.status in STOPPED:
        raise Wrong(STOPPED[run.status])
    for output in reversed(run.outputs):  # the last is the test's own
        data = output.get("data") if isinstance(output, dict) else None
        message = data.get(MIME) if isinstance(data, dict) else None
        if not isinstance(message, dict) or message.get("task") != name:
            continue
        said = message.get("answers")
        if not isinstance(said, list) or len(said) != len(cases):
            break
        return [_answer(case, one) for case, one in zip(cases, said, strict=True)]
    for output in run.outputs:
        if isinstance(output, dict) and output.get("output_type") == "error":
            error = f"{output.get('ename')}: {output.get('evalue')}"[:300]
            raise Wrong("The test ended with {error}", error=error)
    raise Wrong(NO_VALUES)


def _answer(case: Case, said: object) -> Answer:
    if not isinstance(said, dict) or not {"value", "raised"} & said.keys():
        raise Wrong(NO_VALUES)
    if "raised" in said:
        kinds = said.get("kinds")
        kinds = tuple(map(str, kinds[:20])) if isinstance(kinds, list) else ()
        message = str(said.get("message"))[:300]
        return Answer(case, None, str(said["raised"])[:80], message, kinds)
    return Answer(case, said["value"])


def cases_of(task: Task, seed: int) -> list[Case]:
    """The cases of a task for one seed: the same seed gives the same.

    Raises what `checks.py` raises, or `probe.arguments` on a case that it cannot use: a
    student's function would be blamed for it.
    """
    cases = task.cases(random.Random(seed))
    for case in cases:
        arguments(case)
    return cases


def all_cases(
    tasks: dict[str, Task | Derivation], seed: Callable[[str], int]
) -> dict[str, list[Case]]:
    """The cases of each task that has some; `seed` gives that of a name."""
    code = {name: task for name, task in tasks.items() if isinstance(task, Task)}
    return {name: cases_of(task, seed(name)) for name, task in code.items()}


def judge_derivation(name: str, task: Derivation, text: str, stub: str) -> Mark:
    """The mark for a Markdown answer; `stub` is what stood there before."""
    mark = Mark(name, task.points)
    found = displays(text)
    if not found or bare(text) == bare(stub):
        said = say("There is no derivation here: put it between $$ signs.")
        mark.lines = [Line(say("the derivation"), 0.0, task.points, said, kind=said)]
        mark.pending = bool(text.strip()) and bare(text) != bare(stub)
        return mark
    latex = max(found, key=lambda chain: len(re.findall(r"=|\\[gl]eq?|\\approx", chain)))
    steps, error, mark.fault, missing, reached = _checked(task, latex)
    held = sum(ok for ok, _ in steps)
    if steps and held == len(steps) and not error and not missing:
        mark.points = task.points
    else:
        # Half at most: true steps beside the false one may lead nowhere.
        stages = len(task.stages) + 1
        share = 0.5 * held / len(steps) * reached / stages if steps and not error else 0.0
        mark.points = round(share * task.points * 2) / 2
        mark.pending = True
        if not error and held == len(steps):
            error = say("All steps hold, but a stage is left out or was not recognised: "
                        "{stage}.", stage=say(missing))  # fmt: skip
        told = [error] if error else []
        if len(found) > 1:
            told.append(say("Only the longest formula between $$ signs was judged: put "
                            "all in it."))  # fmt: skip
        said = "\n".join([*told, say("A person will read it.")])
        kind = said.split("\n")[0][:160]
        name = say("the derivation")
        mark.lines.append(Line(name, mark.points, task.points, said, kind=kind))
    each = mark.points / len(steps) if steps and not mark.lines else 0.0
    for n, (ok, message) in enumerate(steps, start=1):
        said = "" if ok else message
        mark.lines.append(Line(say("step {n}", n=n), each, each, said, kind=said[:160]))
    return mark


MATHS = "align|equation|aligned|gather|gathered|eqnarray|multline|split|alignat"
FENCED = re.compile(r"^(```+|~~~+)[ \t]*(\S*).*?\n(.*?)^\1`*\s*$", re.M | re.S)
PLACES = re.compile(
    r"\$\$(.*?)\$\$|\\\[(.*?)\\\]|(?<![\\$])\$([^$]*=[^$]*=[^$]*)\$(?!\$)", re.S
)


def displays(text: str) -> list[str]:
    r"""The formulas that stand alone: between `$$`, in `\[ \]` or in an environment; the
    template of the question is none, and what stands in a block of code counts only where
    there is no other.

    >>> displays("It follows that $$ a = b $$ holds.")
    ['a = b']
    """
    outside, inside = FENCED.sub("\n", text), [m[3] for m in FENCED.finditer(text)]
    for part in (outside, *inside):
        found = [next(filter(None, m.groups()), "").strip() for m in PLACES.finditer(part)]
        rest, unended = PLACES.sub(" ", part), set[str]()
        for begin in re.finditer(rf"\\begin\{{({MATHS})(\*?)\}}", rest):
            last = begin[0].replace("begin", "end")
            if last not in unended:  # looked for once: a text may hold thousands
                if (end := rest.find(last, begin.end())) >= 0:
                    found.append(rest[begin.start() : end + len(last)])
                    rest = rest[: begin.start()] + " " * (end - begin.start()) + rest[end:]
                else:
                    unended.add(last)
        if part is not outside and not found and "&=" in part:
            found = [part.strip()]
        found = [f for f in found if f and not re.search(r"=\s*(\.\.\.|\\dots|\\ldots)", f)]
        if found:
            return found
    return []


class Checked(NamedTuple):
    """Each step's verdict, what is wrong with the whole, an error of ours, the first stage
    that is missing, and how many were reached."""

    steps: list[tuple[bool, str]]
    error: str = ""
    fault: str = ""
    missing: str = ""
    reached: int = 1


OF_THE_CHECKER = (  # how its words begin; `respoken` needs them
    later("wrong."),
    later("not understood."),
    later("untested."),
    later("not understood, line {n}: {words}"),
    later("at {values}:"),
    later("first"),
    later("last"),
)
NOT_JUDGED = later("It could not be judged.")
OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)  # exit codes


def _checked(task: Derivation, latex: str) -> Checked:
    """The chain of equations, judged in a process of its own: no formula may take the time
    or the memory of the class. Its time is the processor's, and the clock comes in only
    where it hangs: a busy machine judges as a quiet one."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_check, args=(theirs, task, latex))
    worker.start()
    theirs.close()
    try:
        if ours.poll(10 * DERIVATION_SECONDS):
            return ours.recv()
    except EOFError:
        worker.join()
        if worker.exitcode not in OUT_OF_TIME:
            fault = f"the judge of derivations died: exit code {worker.exitcode}"
            return Checked([], say(NOT_JUDGED), fault)
    finally:
        worker.kill()
        worker.join()
    return Checked([], say("It could not be judged in the time there is."))


def _address_space() -> int:
    """Of this process, in bytes; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def _check(pipe: Connection, task: Derivation, latex: str) -> None:
    try:
        from classroom.stages import stages_of
        from derivations import check_derivation
        from derivations.assignment import ASSIGNMENT
        from derivations.chain import ABOVE

        most = _address_space() + DERIVATION_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (DERIVATION_SECONDS, DERIVATION_SECONDS))
        report = check_derivation(
            latex, start=task.start, end=task.end, given=task.given,
            min_steps=task.min_steps,
        )  # fmt: skip
        # Of a line that only follows a wrong one it is not said that it is wrong.
        told = (s.detail if s.detail == ABOVE else f"{s.verdict}. {s.detail}"
                for s in report.steps)  # fmt: skip
        said = [respoken(text)[:600] for text in told]
        steps = [(bool(s.ok), text) for s, text in zip(report.steps, said, strict=True)]
        slip = report.error if report.error.startswith(ASSIGNMENT) else ""
        error = say(NOT_JUDGED) if slip else respoken(report.error)
        missing, reached = stages_of(latex, task) if report.steps else ("", 1)
        pipe.send(Checked(steps, error, slip, missing, reached))
    except BaseException as error:
        pipe.send(Checked([], say(NOT_JUDGED), _fault(error)))
