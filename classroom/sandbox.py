"""Run the cells of one submission where they can harm nothing.

bubblewrap gives the process its own view of the machine: no network, the system and Python
read-only, a small private disk, no other process, nothing of the course but `probe.py`, the
cases and the modules that the assignment uses. `prlimit` caps address space, processes,
file size and open files; a watch here caps the time and the memory of all its processes.
Time is the processor's, so that a busy machine gives the same marks as a quiet one; what
sleeps is stopped by the clock. Where root grades, the submission runs as a user that owns
nothing.

To import torch takes a second, so within `warm()` no session does: one interpreter has done
it (`warm.py`), and forks of it join the sandboxes that bubblewrap builds. What such a fork
sees and can do is the same. Where the system allows no joining, each session starts Python.

Not protected: a hole in the kernel (there is no seccomp filter), and memory that is neither
mapped nor on a capped disk. A container or a virtual machine around all of it is cheap.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import NamedTuple

from classroom.course import ROOT, Assignment, ClassroomError, Limits

HERE = Path(__file__).parent
LONGEST_LINE = 6_000_000  # bytes; what `inside.py` sends fits
START_SECONDS = 30  # of the processor, to import Python and IPython
# Seconds of the clock for one of the processor: machines are busy, cells sleep.
PATIENCE = 4
GRACE = 3  # seconds for a cell that was interrupted to come to its end
AGAIN = 5  # seconds for a cell that ran out of time, when it is run again for its functions
PACKAGES = "vae_lib", "derivations", "explorers", "exercises", "classroom"  # not imported
# Nothing is imported but what is installed. With -I it would not read its environment.
PYTHON = [sys.executable, "-sP"]
INSIDE = ["/course", "/work"]  # the folders that a submission imports from
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)  # exit codes
NOBODY = 2_000_000  # plus the process id: who a submission is, where root grades
# The line to the interpreter of `warm.py`, where there is one.
LINE: ContextVar[socket.socket | None] = ContextVar("LINE", default=None)

# The first process of a sandbox that a session joins. No cell can end it. It takes leave of
# those whose parent has gone, as bubblewrap does, and goes when nobody holds its input.
HOLDER = """\
import os, signal

def reap(*_):
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass

signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, reap)
os.write(1, b"ready")
os.read(0, 1)
"""

HELP = """\
Submissions run in a sandbox, and here it does not start: {why}
  Debian, Ubuntu: apt-get install bubblewrap
  Ubuntu 24.04:   user namespaces need an AppArmor profile for bwrap (bubblewrap issue 632)
  in a container: allow user namespaces, or run it as root with CAP_SYS_ADMIN
To grade without protection, code from students on this machine with your rights, insist:
  --no-sandbox"""


@dataclass
class CellRun:
    """What became of one cell: ok, error, timeout (interrupted, what it had defined is
    there), stuck (could not be interrupted), memory, died, killed (by the machine, and
    when it was tried again), flood, or not run."""

    status: str
    outputs: list[dict] = field(default_factory=list)


@cache
def reason_against_the_sandbox() -> str:
    """Why submissions cannot be sandboxed on this machine; empty where they can."""
    for tool in ("bwrap", "prlimit", "setpriv"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    with tempfile.TemporaryDirectory() as stage:
        try:
            trial = bwrap(Path(stage), Limits()) + ["true"]
            run = subprocess.run(trial, capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    return "" if run.returncode == 0 else run.stderr.strip() or f"exit {run.returncode}"


def require_sandbox() -> None:
    """Raises ClassroomError, with what to do, where it cannot be had."""
    if why := reason_against_the_sandbox():
        raise ClassroomError(HELP.format(why=why))


def python_folders() -> list[Path]:
    """What Python needs to start and to import: its own folder and the environment's."""
    return list(dict.fromkeys(Path(p).resolve() for p in (sys.base_prefix, sys.prefix)))


def refuse_to_show(*private: Path) -> None:
    """Raises ClassroomError where a folder of the course lies in one that is mounted."""
    for folder in private:
        for shown in (Path("/usr"), *python_folders()):
            if folder.resolve().is_relative_to(shown):
                raise ClassroomError(
                    f"{folder} lies in {shown}, which submissions can read: move it"
                )


def caps(limits: Limits) -> dict[str, int]:
    """What one process may have, by the names of setrlimit(2)."""
    memory, disk = (megabytes * 2**20 for megabytes in (limits.memory_mb, limits.disk_mb))
    most = {"AS": memory, "NPROC": limits.processes, "FSIZE": disk}
    return {**most, "NOFILE": 256, "CORE": 0}


def prlimit(limits: Limits) -> list[str]:
    """The command line that caps one process: the start of it, before the program.

    >>> prlimit(Limits(processes=24))[2]
    '--nproc=24'
    """
    return ["prlimit", *(f"--{name.lower()}={n}" for name, n in caps(limits).items())]


def bwrap(stage: Path, limits: Limits, holder: bool = False) -> list[str]:
    """The command line up to the program: isolation first, then the limits.

    Args:
        holder: the program is no submission, but what holds a sandbox for one.
    """
    shown: list[str] = []
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if (top := Path("/") / name).is_symlink():
            shown += ["--symlink", os.readlink(top), str(top)]
        elif top.is_dir():
            shown += ["--ro-bind", str(top), str(top)]
    for name in ("ld.so.cache", "localtime", "fonts", "alternatives"):
        shown += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for folder in python_folders():
        if folder == Path("/usr"):
            continue
        for parent in reversed(folder.parents[:-1]):
            # bwrap would make them for its own user alone
            shown += ["--perms", "0755", "--dir", str(parent)]
        shown += ["--ro-bind", str(folder), str(folder)]
    for package in PACKAGES:
        # An install that is not editable would offer every module of the book.
        if (installed := Path(sysconfig.get_path("purelib")) / package).is_dir():
            shown += ["--tmpfs", str(installed)]

    size = ["--size", str(limits.disk_mb * 2**20), "--perms", "1777"]
    command = ["bwrap", "--die-with-parent", "--new-session", "--clearenv"]
    command += ["--as-pid-1"] if holder else []
    command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    command += ["--ro-bind", "/usr", "/usr"]
    command += [*size, "--tmpfs", "/tmp", *size, "--tmpfs", "/work", *shown]
    command += ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/dev/shm"]
    command += ["--remount-ro", "/dev", "--perms", "0755", "--dir", "/course"]
    command += ["--ro-bind", str(stage), "/course", "--chdir", "/work"]
    for name, value in environment("/tmp").items():
        command += ["--setenv", name, value]
    if os.geteuid():
        command += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
        return [*command, *prlimit(limits)]
    # Root has no limit on processes, in a user namespace neither: become someone else.
    for capability in ("SETUID", "SETGID", "SETPCAP"):
        command += ["--cap-add", f"CAP_{capability}"]
    # The holder is another, whom a submission cannot touch.
    user = str(NOBODY - 1 if holder else NOBODY + os.getpid())
    command += ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
    command += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    return [*command, *prlimit(limits)]


def environment(home: str) -> dict[str, str]:
    """The environment variables of a submission: none of the teacher's."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "USER": "student",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",  # sets come in one order: grading twice gives the same
        "PYTHONDONTWRITEBYTECODE": "1",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": "/work/.matplotlib" if home == "/tmp" else home,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def make_stage(folder: Path, assignment: Assignment, cases: dict[str, list]) -> None:
    """What a submission can see of the course: probe.py, its cases, the modules in use."""
    shutil.copy(HERE / "probe.py", folder)
    shutil.copy(HERE / "inside.py", folder)
    (folder / "cases.json").write_text(json.dumps(cases))
    if assignment.uses:
        library = folder / "vae_lib"
        library.mkdir()
        for module in ("__init__", *assignment.modules):
            source = ROOT / "vae_lib" / f"{module}.py"
            if not source.exists():
                raise ClassroomError(
                    f"{assignment.name} uses vae_lib.{module}: no such module"
                )
            shutil.copy(source, library)
        for data in (ROOT / "vae_lib").glob("*.npz") if "data" in assignment.uses else ():
            shutil.copy(data, library)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def children(pid: int) -> list[int]:
    """Of a process, those that it started and those that its threads did."""
    found: list[int] = []
    with suppress(OSError):
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            found += map(int, listed.read_text().split())
    return found


def hold(stage: Path, limits: Limits) -> tuple[Popen[bytes], int]:
    """A sandbox in which nothing happens yet: bubblewrap, and the first process inside.
    Raises OSError where there is none."""
    command = [*bwrap(stage, limits, holder=True), *PYTHON, "-S", "-c", HOLDER]
    process: Popen[bytes] = Popen(
        command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
    )
    assert process.stdout, "asked for as a pipe above"
    if process.stdout.read(1) and (inside := children(process.pid)):
        return process, inside[0]
    with process:
        raise OSError("no sandbox")


@contextmanager
def warm() -> Iterator[None]:
    """Within the block sessions are forks of an interpreter that has imported torch, where
    the system allows it; elsewhere each starts its own, as without the block."""
    program, running = Path(sys.executable).resolve(), list[Popen[bytes]]()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, tempfile.TemporaryDirectory() as stage:
        with theirs, open(HERE / "warm.py") as script, suppress(OSError):
            holder, pid = hold(Path(stage), Limits())
            running.append(holder)
            # A process can open the file that it runs. By its path outside, a submission
            # could write into it where it is the teacher's; by a sandbox's view nobody can.
            interpreter: Popen[bytes] = Popen(
                [*PYTHON, "-"], executable=f"/proc/{pid}/root{program}",
                stdin=script, stdout=theirs.fileno(), stderr=DEVNULL, cwd="/",
                env=environment("/tmp") | {"PWD": "/work"}, start_new_session=True,
            )  # fmt: skip
            running.append(interpreter)
        token = LINE.set(ours)  # where it leads to nobody, sessions notice
        try:
            yield
        finally:
            LINE.reset(token)
            for process in running:
                with process:
                    process.kill()


class Usage(NamedTuple):
    """Of all processes of a session: what they keep in memory, files aside, in bytes, the
    largest address space of one, and the processor time that they have used."""

    memory: int
    largest: int
    seconds: float


class Session:
    """One Python process in a sandbox, and the line to it."""

    process: Popen[bytes]  # when it ends, all of the session does

    def __init__(self, stage: Path, limits: Limits, sandboxed: bool = True):
        self.limits, self.buffer, self.over = limits, b"", False
        self.work: tempfile.TemporaryDirectory[str] | None = None
        self.seconds = 0.0  # of the processor, so far
        # Of a fork: a descriptor of the holder, the fork's parent, and what that tells.
        self.holder, self.parent, self.told = 0, 0, open(os.devnull, "rb")
        if sandboxed and (line := LINE.get()) and self._fork(stage, line):
            return
        self._start(stage, sandboxed)
        if self._answer(-1, START_SECONDS).status != "ok":
            self._exit_code()
            self._kill()
            said = self.stderr.read().decode(errors="replace").strip()
            self.close()
            raise ClassroomError(f"Python did not start in the sandbox: {said[-500:]}")

    def _start(self, stage: Path, sandboxed: bool) -> None:
        """A new Python."""
        if sandboxed:
            command, paths = bwrap(stage, self.limits), INSIDE
            cwd, env = None, None
        else:
            self.work = tempfile.TemporaryDirectory()
            command, paths = prlimit(self.limits), [str(stage), self.work.name]
            cwd, env = self.work.name, environment(self.work.name)
        command += [*PYTHON, f"{paths[0]}/inside.py", *paths]
        self.process = Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=cwd, env=env,
            start_new_session=True,
        )  # fmt: skip
        stdin, stdout, stderr = self.process.stdin, self.process.stdout, self.process.stderr
        assert stdin and stdout and stderr, "asked for as pipes above"
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr

    def _fork(self, stage: Path, line: socket.socket) -> bool:
        """A fork of the warm interpreter, in a sandbox that is held for it; False where
        that is not to be had."""
        try:
            self.process, pid = hold(stage, self.limits)
        except OSError:
            return False
        (inside, stdin), *ways = (os.pipe() for _ in range(4))
        self.stdin, theirs = open(stdin, "wb"), [inside, *(write for _, write in ways)]
        self.stdout, self.stderr, self.told = (open(read, "rb") for read, _ in ways)
        user = 0 if os.geteuid() else NOBODY + os.getpid()
        told = {"pid": pid, "user": user, "limits": caps(self.limits), "paths": INSIDE}
        with suppress(OSError):
            self.holder = os.pidfd_open(pid)
            socket.send_fds(line, [json.dumps(told).encode()], [*theirs, self.holder])
        for descriptor in theirs:
            os.close(descriptor)
        # It may still be importing; and nothing comes if it is gone, or could not join.
        if select.select([self.told], [], [], PATIENCE * START_SECONDS)[0]:
            self.parent = int(self.told.readline() or 0)
        if self.parent and self._answer(-1, START_SECONDS).status == "ok":
            return True
        self.close()
        return False

    def run(self, n: int, source: str, seconds: float) -> CellRun:
        """One cell, with so much time of the processor. It is interrupted first, so that
        what it has defined stays; `over` says whether the session came to its end."""
        try:
            line = json.dumps({"n": n, "source": source}) + "\n"
            self.stdin.write(line.encode("utf-8", "backslashreplace"))
            self.stdin.flush()
        except OSError:
            return self._ended(CellRun("died"))
        run = self._answer(n, seconds)
        if run.status == "timeout":
            self._interrupt()
            late = self._answer(n, GRACE)
            if late.status not in ("ok", "error"):
                return self._ended(run)
            run = CellRun("timeout" if late.status == "error" else "ok", late.outputs)
        # What keeps all memory would leave none to the cells after it.
        if self._usage().largest > 0.93 * self.limits.memory_mb * 2**20:
            return self._ended(CellRun("memory", run.outputs))
        return run if run.status in ("ok", "error", "timeout") else self._ended(run)

    def _ended(self, run: CellRun) -> CellRun:
        if run.status == "died" and self._exit_code() in KILLED:
            run.status = "killed"
        self.over = True
        self.close()
        return run

    def _exit_code(self) -> int:
        """How Python ended; 0 where it does not within some seconds."""
        if self.parent:
            ended = select.select([self.told], [], [], 5)[0]
            return int(self.told.readline() or 0) if ended else 0
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(5)
        return 0

    def _interrupt(self) -> None:
        """Python's own interrupt, as the button of an editor sends it."""
        for pid in self._processes():
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if words[0] == os.fsencode(sys.executable) and pid != self.parent:
                    os.kill(pid, signal.SIGINT)
                    return

    def _processes(self) -> Iterator[int]:
        """All of the session, parents first."""
        waiting = [*filter(None, [self.parent]), self.process.pid]
        while waiting:
            yield (pid := waiting.pop(0))
            waiting += children(pid)

    def _answer(self, n: int, seconds: float) -> CellRun:
        """The next line, if it comes in time, fits, and answers cell `n`."""
        out, end = self.stdout.fileno(), time.monotonic() + PATIENCE * seconds
        most = self.seconds + seconds
        # What a cell has forked may hold the line when Python has ended.
        ways = [out, self.told.fileno()] if self.parent else [out]
        while b"\n" not in self.buffer:
            if self.seconds > most or time.monotonic() > end:
                return CellRun("timeout")
            if len(self.buffer) > LONGEST_LINE:
                return CellRun("flood")
            ready, _, _ = select.select(ways, [], [], 0.2)
            if self._usage().memory > self.limits.memory_mb * 2**20:
                return CellRun("memory")
            if ready:
                data = os.read(out, 1 << 20) if out in ready else b""
                if not data:
                    return CellRun("died")
                self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        try:
            answer = json.loads(line)
            status = "ok" if answer["ok"] else "error"
            if answer["n"] != n or self.buffer or not isinstance(answer["outputs"], list):
                return CellRun("died")  # it spoke out of turn
            return CellRun(status, answer["outputs"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return CellRun("died")

    def _usage(self) -> Usage:
        total, largest, ticks = 0, 0, 0
        for pid in self._processes():
            with suppress(OSError, ValueError):
                # What is in the memory of a fork's parent is in that of the fork.
                status = (
                    "" if pid == self.parent else Path(f"/proc/{pid}/status").read_text()
                )
                for line in status.splitlines():
                    if line.startswith(("RssAnon:", "RssShmem:")):
                        total += int(line.split()[1]) * 1024
                    elif line.startswith("VmSize:"):
                        largest = max(largest, int(line.split()[1]) * 1024)
                # Its own time and that of its children that ended: see proc(5).
                after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
                ticks += sum(map(int, after_name.split()[11:15]))
        # A child that nobody waited for takes its time with it: never count backwards.
        self.seconds = max(self.seconds, ticks / os.sysconf("SC_CLK_TCK"))
        return Usage(total, largest, self.seconds)

    def close(self) -> None:
        """Kill it and everything it started: the namespace goes with its first process."""
        self._kill()
        for pipe in (self.stdin, self.stdout, self.stderr, self.told):
            with suppress(OSError):
                pipe.close()
        if self.work:
            self.work.cleanup()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.holder:
            with self.process, suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.holder, signal.SIGKILL)
            os.close(self.holder)
            self.told.read()  # until nothing is left of the fork
            self.holder = self.parent = 0
        self.process.wait()


@contextmanager
def staged(assignment: Assignment, cases: dict[str, list]) -> Iterator[Path]:
    """A folder for the time of a block, with what a submission can see of the course."""
    with tempfile.TemporaryDirectory(prefix="classroom-") as folder:
        make_stage(Path(folder), assignment, cases)
        yield Path(folder)


def run_cells(
    sources: list[str],
    stage: Path,
    limits: Limits,
    sandboxed: bool = True,
    marked: Collection[int] = (),
    tests: Collection[int] = (),
) -> list[CellRun]:
    """Run cells one after the other, as a notebook does.

    A cell that ends the process, or does not end itself, costs that cell: a new process
    runs those before it again, whose time does not count twice, and goes on after it.

    Args:
        marked: cells that run also when the time for the whole is up.
        tests: of these, those that need not run again once they have.
    """
    runs: dict[int, CellRun] = {}
    end, used, tried = time.monotonic() + 2 * PATIENCE * limits.seconds, 0.0, set[int]()
    while len(runs) < len(sources):
        try:
            session = Session(stage, limits, sandboxed)
        except ClassroomError:
            if -1 in tried:
                raise
            tried.add(-1)  # killed while it started, perhaps: once more
            continue
        try:
            for n, source in enumerate(sources):
                before, known = session.seconds, runs.get(n)
                left = limits.seconds_per_cell
                if known is None and n not in marked:
                    left = min(left, limits.seconds - used)
                    if left <= 0 or time.monotonic() > end:
                        runs[n] = CellRun("not run")
                        continue
                elif known and (n in tests or known.status not in RUN_AGAIN):
                    continue
                elif known and known.status == "timeout":
                    left = AGAIN
                run = session.run(n, source, left)
                if known is None:
                    used += session.seconds - before
                if run.status == "killed" and n not in tried:
                    tried.add(n)  # by the machine, perhaps: once more
                    break
                if known is None or session.over:
                    runs[n] = run
                    if session.over and run.status == "timeout":
                        run.status = "stuck"
                if session.over:
                    break
        finally:
            session.close()
    return [runs[n] for n in range(len(sources))]


RUN_AGAIN = ("ok", "error", "timeout")
