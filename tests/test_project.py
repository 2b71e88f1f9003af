"""The promises of the repository: one place for each fact, nothing from a network."""

import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def tracked_files() -> list[Path]:
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("LOUD: not a git checkout, so tracked files cannot be listed")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def requirements() -> list[Requirement]:
    named = PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])
    return [Requirement(line) for line in named]


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_environment_yml_holds_python_pip_and_this_package_alone():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert [re.split("[=<>]", name)[0] for name in conda] == ["python", "pip"]
    small_torch = "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert pip == {
        "pip": [small_torch, "-c requirements.lock", "-e .[book,test,classroom]"]
    }
    assert {"book", "test", "classroom"} == set(PROJECT["optional-dependencies"])
    # The Python that conda takes is one that the package admits.
    version = next(name for name in conda if name.startswith("python=")).split("=")[1]
    from packaging.specifiers import SpecifierSet

    assert version + ".0" in SpecifierSet(PROJECT["requires-python"])


def test_the_lock_pins_every_dependency_to_a_version_that_pyproject_admits():
    locked = pins()
    for requirement in requirements():
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is not in requirements.lock: run 'make lock'"
        assert locked[name] in requirement.specifier, f"{name}: run 'make lock'"


def test_the_lock_brings_no_cuda():
    assert not [name for name in pins() if name.startswith(("nvidia", "triton", "cuda"))]


def test_the_installed_versions_are_the_locked_ones():
    from importlib.metadata import version

    locked = pins()
    for requirement in requirements():
        installed = version(requirement.name).split("+")[0]
        assert installed == locked[canonicalize_name(requirement.name)], requirement.name


def test_no_third_party_code_is_committed():
    for path in tracked_files():
        assert path.suffix not in {".whl", ".woff", ".woff2"}, path
        if path.suffix in {".js", ".css"}:
            assert path.stat().st_size < 100_000, f"{path} looks like a bundled library"


@pytest.mark.slow
def test_a_chapters_module_does_not_load_what_it_does_not_need():
    """scikit-learn and matplotlib cost seconds; only those who draw or load digits pay."""
    code = (
        "import sys, vae_lib.objective; print({'sklearn', 'matplotlib'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "set()"


def test_make_help_lists_every_target():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split()[1] for line in shown.stdout.splitlines()] == targets
    assert {"book", "test", "lab", "notebooks", "serve", "help"} <= set(targets)


def test_the_readme_gives_the_lines_that_the_targets_run():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = re.sub(r" \$\(if .*\)", "", (ROOT / "Makefile").read_text())
    for line in re.findall(r"^\t\$\(PY\) (.*)$", makefile, re.M):
        if line.startswith("tools/") and "lock" not in line:
            assert f".venv/bin/python {line}" in readme, line
    assert '-m pip install -c requirements.lock -e ".[book,test,classroom]"' in readme


def test_the_korean_readme_gives_the_same_commands():
    """Its blocks, but for what their comments say, and all that stands in backticks."""

    def commands(name: str) -> tuple[str, list[str], list[str]]:
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = "".join(re.findall(r"^```\n(.*?)^```$", text, re.M | re.S))
        rest = re.sub(r"^```\n.*?^```$", "", text, flags=re.M | re.S)
        rows = re.findall(r"^\| `([^`]+)`", rest, re.M)
        return re.sub(r" +# .*", "", blocks), rows, sorted(re.findall(r"`([^`]+)`", rest))

    assert commands("README.ko.md") == commands("README.md")


@pytest.mark.parametrize(
    "page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "README.ko.md"]
)
def test_a_guide_names_files_that_are_there(page):
    """A map is worth no more than its street names: every path in backticks exists, but
    for those that a reader is to make."""
    text = (ROOT / page).read_text(encoding="utf-8")
    to_be_made = (
        r"playground|_build|\.venv|hw6|hwN|NN-|12-name|name\.py|course/|^checks\.py"
    )
    path = r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:md|py|toml|lock|cff|yml))`"
    named = [name for name in re.findall(path, text) if not re.search(to_be_made, name)]
    assert len(named) > 5
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_hooks_before_a_commit_need_no_network():
    """Each is a tool of the project's own, started from its environment."""
    from pre_commit.clientlib import load_config

    config = load_config(str(ROOT / ".pre-commit-config.yaml"))
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {"ruff", "ruff-format", "types"} <= {hook["id"] for hook in hooks}
    for hook in hooks:
        assert hook["language"] in {"system", "unsupported"}, hook["id"]
        assert hook["entry"].startswith(".venv/bin/python "), hook["id"]


def test_ci_and_the_makefile_run_the_same_lint():
    """What a contributor checks before a change is part of what lands or does not."""
    stages = runpy.run_path(str(ROOT / "tools" / "test.py"))["stages"]
    quick, whole = ({name: step for steps in stages(check) for name, step in steps.items()}
                    for check in (True, False))  # fmt: skip
    lint = quick.keys() - {"quick tests"}
    assert {"style", "format", "types"} <= lint
    assert all(quick[name] == whole[name] for name in lint)


def test_every_step_is_run_and_counted_also_when_one_fails(capfd):
    """The first steps of a stage speak when they are done, whole."""
    run = runpy.run_path(str(ROOT / "tools" / "test.py"))["run"]
    says = "import sys; print(sys.argv[1]); sys.exit(int(sys.argv[2]))"
    command = [sys.executable, "-c", says]
    steps = {name: [*command, f"I am {name}", status] for name, status in
             [("one", "3"), ("two", "0")]}  # fmt: skip
    assert [(name, status) for name, status, _ in run(steps)] == [("one", 3), ("two", 0)]
    printed = capfd.readouterr().out
    assert "== one\nI am one\n" in printed and "I am two\n" in printed


def test_workers_side_by_side_keep_a_files_tests_together(request):
    """pytest-xdist marks a grouped test in its name. Where that fails, unseen, each cell of
    a notebook goes to any worker, and every fixture of a module is made twice."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("only one process runs the tests")
    assert request.node.nodeid.endswith(f"@{Path(__file__)}")


@pytest.mark.parametrize(
    "changed, tests",
    [
        ("derivations/judge.py", {"derivations/test_judge.py"}),
        ("classroom/export.py", {"classroom/test_results.py", "test_documentation.py"}),
        ("vae_lib/elbo.py", {"test_elbo.py", "test_devices.py", "test_documentation.py"}),
        ("book/04-elbo.md", {"test_elbo.py", "test_translations.py"}),
        ("classroom/ko.po", {"test_translations.py"}),
        ("tests/test_elbo.py", {"test_elbo.py"}),
        ("Makefile", set()),
    ],
)
def test_the_quick_tests_are_those_of_what_was_changed(changed, tests):
    chosen = runpy.run_path(str(ROOT / "tools" / "test.py"))["likely"]([changed])
    assert {f"tests/{name}" for name in tests | {"test_rooms.py"}} <= set(chosen)
    assert len(chosen) < 15 and all((ROOT / name).exists() for name in chosen)
    if changed.startswith("derivations"):
        assert "tests/classroom/test_judge.py" not in chosen
