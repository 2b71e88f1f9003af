"""A session that is a fork of the warm interpreter, and one that starts its own Python."""

import json
import os
from contextlib import nullcontext

import pytest

from classroom.course import Limits
from classroom.sandbox import run_cells, staged, warm

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
        return f"{type(error).__name__}: {error}"

def descriptor(path):
    return re.sub("[0-9]+", "N", os.readlink(path))

def writes(path):
    os.close(os.open(path, os.O_WRONLY))

kinds = "Umask Uid Gid Groups Cap NoNewPrivs Seccomp Sig[BIC] Threads TracerPid Cpus"
libc = ctypes.CDLL(None, use_errno=True)
print(json.dumps({
    "status": re.findall(f"(?m)^(?:{'|'.join(kinds.split())}).*", read("/proc/self/status")),
    "limits": re.sub(" +", " ", read("/proc/self/limits")),
    "mounts": [re.sub(r"^[0-9]+ [0-9]+ [0-9:]+ ", "", line)
               for line in read("/proc/self/mountinfo").splitlines()],
    "root": [sorted(os.listdir(path)) for path in ("/", "/work", "/course", "/tmp", "/dev")],
    "processes": sorted(filter(str.isdigit, os.listdir("/proc"))),
    "command": read("/proc/self/cmdline").split("\\0")[0],
    "environ": sorted(filter(None, read("/proc/self/environ").split("\\0"))),
    "environment": dict(os.environ), "cwd": os.getcwd(), "path": sys.path,
    "argv": sys.argv, "flags": str(sys.flags), "hash": hash("a"),
    "leads": [os.readlink(f"/proc/self/{name}") for name in ("cwd", "root", "exe")],
    "descriptors": sorted(descriptor(path) for path in glob.glob("/proc/self/fd/[0-9]*")
                          if os.path.exists(path)),
    "inheritable": [n for n in range(64) if tried(os.get_inheritable, n) == "True"],
    "leader": os.getsid(0) in (1, os.getpid()), "terminal": tried(os.ctermid),
    "dumpable": libc.prctl(3, 0, 0, 0, 0), "deathsig": signal.getsignal(signal.SIGINT) is None,
    "owner": os.stat("/proc/self/mem").st_uid == os.getuid(),
    "threads": threading.active_count(), "nice": os.nice(0), "cpus": os.cpu_count(),
    "host": [platform.node(), socket.gethostname()], "interfaces": socket.if_nameindex(),
    "handlers": {int(s): str(signal.getsignal(s)) for s in range(1, 32)},
    "main": sorted(vars(sys.modules["__main__"]).keys() - {"_i", "_ii", "_iii"}),
    "torch": [torch.get_num_threads(), str(torch.get_default_dtype())],
    "modules": [name for name in sys.modules
                if name.split(".")[0] in ("classroom", "derivations", "vae_lib", "explorers")],
    "refused": [tried(*what) for what in (
        (os.setuid, 0), (os.setgroups, [0]), (os.kill, -1, 9), (os.kill, 1, 9),
        (os.chroot, "/work"), (writes, "/proc/self/exe"), (writes, sys.executable),
        (writes, "/course/inside.py"), (os.mkdir, "/x"), (os.mkdir, sys.prefix + "/x"),
        (os.chmod, "/proc/self/exe", 0o777), (os.listdir, "/proc/1/root"),
        (socket.create_connection, ("127.0.0.1", 22), 1), (os.sethostname, "x")
        if hasattr(os, "sethostname") else (socket.sethostname, "x"),
        (resource.setrlimit, resource.RLIMIT_NPROC, (99999, 99999)))],
    "calls": [[name, libc[name](*arguments), ctypes.get_errno()] for name, *arguments in (
        ["mount", b"none", b"/work", b"tmpfs", 0, 0], ["umount2", b"/course", 2],
        ["unshare", 0x20000], ["setns", 0, 0x20000], ["ptrace", 16, 1, 0, 0])],
    "namespaces": {name: os.readlink(f"/proc/self/ns/{name}")
                   for name in os.listdir("/proc/self/ns")},
    "random": [random.random(), numpy.random.rand(), torch.rand(1).item(),
               torch.initial_seed()],
}, default=str))
"""


def looks(toy, n: int = 1, context=nullcontext) -> list[dict]:
    """What so many sessions see, one after the other."""
    with staged(toy, {}) as stage, context():
        return [json.loads(said(stage, LOOK)) for _ in range(n)]


def said(stage, source: str) -> str:
    (run,) = run_cells([source], stage, Limits())
    assert run.status == "ok", run.outputs
    return run.outputs[0]["text"]


def test_a_fork_sees_and_can_do_what_a_python_of_its_own_does(toy):
    (own,) = looks(toy)
    fork, other = looks(toy, 2, warm)
    for seen in (own, fork, other):
        ours = {name: os.readlink(f"/proc/self/ns/{name}") for name in seen["namespaces"]}
        shared = {
            name for name, kind in seen.pop("namespaces").items() if kind == ours[name]
        }
        seen["shared"] = shared
    numbers = [seen.pop("random") for seen in (own, fork, other)]
    assert len({number for four in numbers for number in four}) == 12
    assert fork == own
