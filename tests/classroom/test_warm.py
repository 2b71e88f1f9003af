"""Sessions that are forks of the warm interpreter, beside those that start a Python."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from classroom import sandbox
from classroom.course import ROOT, Limits
from classroom.sandbox import Session, children, run_cells, staged, warm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.xdist_group("warm"),
]
# What a submission can see of itself. What differs with each start is left out.
LOOK = """
import ctypes, glob, json, os, re, resource, signal, socket, sys, threading
import torch, numpy, random, platform

def read(path):
    try:
        return open(path).read()
    except OSError as error:
        return str(error)

def tried(what, *arguments):
    try:
        return str(what(*arguments))
    except Exception as error:
        return re.sub("map_files.*", "", f"{type(error).__name__}: {error}")

def descriptor(path):
    return re.sub("[0-9]+", "N", os.readlink(path))

def writes(path):
    os.close(os.open(path, os.O_WRONLY))

kinds = "Umask|Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Sig[BIC]|Threads|TracerPid|Cpus"
libc = ctypes.CDLL(None, use_errno=True)
print(json.dumps({
    "status": re.findall(f"(?m)^(?:{kinds}).*", read("/proc/self/status")),
    "limits": re.sub(" +", " ", read("/proc/self/limits")),
    "mounts": [re.sub(r"^[0-9]+ [0-9]+ [0-9:]+ ", "", line)
               for line in read("/proc/self/mountinfo").splitlines()],
    "files": [sorted(os.listdir(path)) for path in "/ /work /course /tmp /dev".split()],
    "processes": sorted(filter(str.isdigit, os.listdir("/proc"))),
    "command": read("/proc/self/cmdline").split("\\0")[0],
    "environ": sorted(filter(None, read("/proc/self/environ").split("\\0"))),
    "environment": dict(os.environ), "cwd": os.getcwd(), "path": sys.path,
    "argv": sys.argv, "flags": str(sys.flags), "hash": hash("a"),
    "leads": [os.readlink(f"/proc/self/{name}") for name in ("cwd", "root", "exe")],
    "descriptors": sorted(descriptor(path) for path in glob.glob("/proc/self/fd/[0-9]*")
                          if os.path.exists(path)),
    "inheritable": [n for n in range(64) if tried(os.get_inheritable, n) == "True"],
    "dumpable": libc.prctl(3, 0, 0, 0, 0),
    "its file is read-only": os.statvfs("/proc/self/exe").f_flag & os.ST_RDONLY,
    "terminal": tried(os.open, "/dev/tty", os.O_RDWR),
    "owner": os.stat("/proc/self/mem").st_uid == os.getuid(),
    "threads": threading.active_count(), "nice": os.nice(0), "cpus": os.cpu_count(),
    "host": [platform.node(), socket.gethostname()], "interfaces": socket.if_nameindex(),
    "handlers": {int(s): str(signal.getsignal(s)) for s in range(1, 32)},
    "main": sorted(vars(sys.modules["__main__"]).keys() - {"_i", "_ii", "_iii"}),
    "torch": [torch.get_num_threads(), str(torch.get_default_dtype())],
    "ours": [m for m in sys.modules if re.match("classroom|deriv|vae_|explor|exerc", m)],
    "refused": [tried(*what) for what in (
        (os.setuid, 0), (os.setgroups, [0]), (os.kill, -1, 9), (os.kill, 1, 9),
        (os.chroot, "/work"), (writes, "/proc/self/exe"), (writes, sys.executable),
        (writes, "/course/inside.py"), (os.mkdir, "/x"), (os.mkdir, sys.prefix + "/x"),
        (os.chmod, "/proc/self/exe", 0o777), (os.listdir, "/proc/1/root"),
        (socket.create_connection, ("127.0.0.1", 22), 1), (socket.sethostname, "x"),
        (open, glob.glob("/proc/self/map_files/*")[0]),
        (resource.setrlimit, resource.RLIMIT_NPROC, (99999, 99999)))],
    "calls": [[name, libc[name](*arguments), ctypes.get_errno()] for name, *arguments in (
        ["mount", b"none", b"/work", b"tmpfs", 0, 0], ["umount2", b"/course", 2],
        ["unshare", 0x20000], ["setns", 0, 0x20000], ["ptrace", 16, 1, 0, 0])],
    "namespaces": {name: os.readlink(f"/proc/self/ns/{name}")
                   for name in os.listdir("/proc/self/ns")},
    "parent": os.getppid(),
    "random": [random.random(), numpy.random.rand(), torch.rand(1).item(),
               torch.initial_seed()],
}, default=str))
"""


BOTH = f"""
import json, os, sys
from contextlib import nullcontext
from pathlib import Path
from classroom.course import Course, Limits
from classroom.sandbox import run_cells, staged, warm
seen = []
toy = Course(Path("/nowhere"), (Path({str(Path(__file__).parent)!r}),)).assignment("toy")
with staged(toy, {{}}) as stage:
    for way in nullcontext(), warm():
        with way:
            (run,) = run_cells([{LOOK!r}], stage, Limits())
        assert run.status == "ok", run
        seen.append(json.loads(run.outputs[0]["text"]))
ours = {{p.name: os.readlink(p) for p in Path("/proc/self/ns").iterdir()}}
print(json.dumps([*seen, ours]))
"""
A_USER = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


@pytest.mark.parametrize("become", [[], A_USER])
def test_a_fork_sees_and_can_do_what_a_python_of_its_own_does(become):
    """Where root grades, and where a user does to whom Python itself belongs."""
    run = subprocess.run(
        [*become, sys.executable, "-c", BOTH], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    own, fork, ours = json.loads(run.stdout)
    assert (own.pop("parent"), fork.pop("parent")) == (1, 0)  # nobody that is seen inside
    numbers = own.pop("random") + fork.pop("random")
    assert len(set(numbers)) == 8
    for seen in (own, fork):
        kinds = seen.pop("namespaces")
        seen["shared"] = {name for name, kind in kinds.items() if kind == ours[name]}
    assert fork == own
    assert {"mnt", "pid", "net", "ipc", "uts"}.isdisjoint(fork["shared"])
    assert bool(become or os.geteuid()) == ("user" not in fork["shared"])


# Python makes siblings of itself, which are no children of it: clone(2), CLONE_PARENT.
CLONE = 56 if os.uname().machine == "x86_64" else 220
SIBLINGS = f"""
import ctypes, os, time
for _ in range(3):
    if not ctypes.CDLL(None).syscall({CLONE}, 0x8000 | 17, 0, 0, 0, 0):
        {{}}
        os._exit(0)
"""
# Cells, and what becomes of them in a Python of its own, too.
CELLS = {
    "memory of siblings": (
        SIBLINGS.format("x = b'1' * (450 * 2**20); time.sleep(60)") + "time.sleep(60)",
        "memory",
    ),
    # another thread may take the signal, and then it comes a moment later
    "has itself traced": (
        "import ctypes, os, time\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\n"
        "os.kill(os.getpid(), 10)\ntime.sleep(60)", "died",
    ),
    "leaves another in its place": (
        "import os, time\nif os.fork(): os._exit(0)\ntime.sleep(60)", "died",
    ),
    "ends like one that was killed": ("import os\nos._exit(9)", "died"),
}  # fmt: skip


def test_a_cell_comes_to_the_end_that_it_always_came_to(toy):
    limits = Limits(seconds_per_cell=30, memory_mb=1200)
    with staged(toy, {}) as stage, warm():
        runs = run_cells([source for source, _ in CELLS.values()], stage, limits)
    ended = dict(zip(CELLS, (run.status for run in runs), strict=True))
    assert ended == {name: status for name, (_, status) in CELLS.items()}


def test_the_time_of_a_sibling_that_has_ended_counts(toy):
    burn = SIBLINGS.format("while time.process_time() < 0.5: pass")
    with staged(toy, {}) as stage, warm():
        session = Session(stage, Limits())
        assert (
            session.parent and session.run(0, f"{burn}time.sleep(0.1)", 20).status == "ok"
        )
        while len(list(session._processes())) > 4:
            time.sleep(0.1)
        session.run(1, "1", 20)
        assert session.seconds > 1.5
        session.close()


def test_a_fork_is_interrupted_and_keeps_what_it_has_defined(toy):
    with staged(toy, {}) as stage, warm():
        session = Session(stage, Limits())
        assert session.parent
        assert session.run(0, "x = 1\nwhile True: pass", 0.5).status == "timeout"
        assert session.run(1, "assert x == 1", 20).status == "ok"
        session.close()


SPOIL = """
import os, sys, torch
torch.sum = sys.modules["json"] = None
torch.set_default_dtype(torch.float64)
for folder in ("/work", "/tmp", "/dev/shm"):
    open(f"{folder}/note", "w").write("for the next")
if not os.fork():
    os.setsid()
    import time; time.sleep(600)
"""
CLEAN = """
import glob, json, os, random, numpy, torch
print(random.random(), numpy.random.rand(), torch.rand(1).item(), torch.initial_seed())
assert torch.sum(torch.ones(2)).item() == 2 and torch.get_default_dtype() == torch.float32
assert not glob.glob("/work/note") + glob.glob("/tmp/note") + glob.glob("/dev/shm/note")
assert sum(map(str.isdigit, os.listdir("/proc"))) == 2
# what forks of one process could share: nothing that is written
assert not [m for m in open("/proc/self/maps") if {"w", "s"} <= set(m.split()[1])]
"""


def test_nothing_of_one_fork_reaches_another(toy):
    with staged(toy, {}) as stage, warm():
        first = Session(stage, Limits())
        assert first.parent and first.run(0, SPOIL, 20).status == "ok"
        second = Session(stage, Limits())  # beside it, and after it
        ran = [second.run(0, CLEAN, 20)]
        first.close()
        ran += run_cells([CLEAN], stage, Limits())
        second.close()
    assert [run.status for run in ran] == ["ok", "ok"], ran
    assert len({n for run in ran for n in run.outputs[0]["text"].split()}) == 8


def all_of(pid: int) -> set[int]:
    return {pid}.union(*map(all_of, children(pid)))


def gone(processes: set[int]) -> bool:
    """Whether they end within some seconds; what nobody has waited for has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        left = []
        for pid in processes:
            with suppress(OSError):
                stat = Path(f"/proc/{pid}/stat").read_text()
                left += [stat] if stat.rpartition(")")[2].split()[0] != "Z" else []
        if not left:
            return True
        time.sleep(0.05)
    return False


def at_least(n: int, processes: Callable[[], set[int]]) -> set[int]:
    """They, once there are so many: copies make copies while the cell has ended."""
    deadline = time.monotonic() + 20
    while len(found := processes()) < n and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(found) >= n
    return found


LINGER = (  # seven copies, in sessions of their own, that would stay for ten minutes
    "import os, time\nours = os.getpid()\nfor _ in range(3): os.fork()\n"
    "if os.getpid() != ours:\n  os.setsid()\n  time.sleep(600)"
)


def test_no_process_outlives_its_session_or_the_block(toy):
    before = all_of(os.getpid())
    with staged(toy, {}) as stage, warm():
        session = Session(stage, Limits())
        session.run(0, LINGER, 5)
        theirs = at_least(4 + 7, lambda: set(session._processes()))
        session.close()
        assert gone(theirs)
        block = all_of(os.getpid()) - before
        assert len(block) >= 3  # the interpreter, and what holds its view
    assert gone(block)


def test_a_driver_that_is_killed_takes_all_with_it(toy):
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from classroom.course import Limits\nfrom classroom.sandbox import *\n"
        "with warm():\n  s = Session(Path(sys.argv[1]), Limits())\n"
        f"  s.run(0, {LINGER!r}, 5)\n  print(bool(s.parent), flush=True)\n  time.sleep(600)"
    )
    with staged(toy, {}) as stage:
        command = [sys.executable, "-c", program, str(stage)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
            assert driver.stdout and driver.stdout.readline() == "True\n"
            processes = at_least(7 + 7, lambda: all_of(driver.pid))
            driver.kill()
        assert gone(processes)


WITHOUT = {
    "it cannot join": "import warm; warm.join = lambda *_: 1 / 0; warm.main()",
    "it does not start": "1 / 0",
    "it gives up": "import warm; warm.give_up = lambda *_: 1 / 0; warm.main()",
}


@pytest.mark.parametrize("program", WITHOUT.values(), ids=WITHOUT)
def test_where_there_can_be_no_fork_python_starts_as_ever(
    toy, tmp_path, monkeypatch, program
):
    place = f"import sys; sys.path.insert(0, {str(ROOT / 'classroom')!r})\n"
    (tmp_path / "warm.py").write_text(place + program)
    with staged(toy, {}) as stage:
        monkeypatch.setattr(sandbox, "HERE", tmp_path)
        with warm():
            session = Session(stage, Limits())
            assert not session.parent and session.run(0, "1", 5).status == "ok"
            session.close()
