"""A Python that has imported what every notebook imports, and does nothing but fork.

    python -sP - < warm.py        standard output is a socket: the line to the graders

`sandbox.py` starts one for a class: to import torch takes a second of the processor, to
fork takes none. For each session bubblewrap builds a sandbox around a process that only
waits. A fork of this one joins the namespaces of that sandbox, gives up what setpriv and
prlimit would have taken from it, and only then becomes `inside.py`.

No code of a student's runs in this process, and nothing comes back to it from a fork but
how that ended. What a student can find in its memory is public: the standard library,
IPython, NumPy and torch.
"""

import ctypes
import fcntl
import gc
import json
import os
import platform
import resource
import signal
import socket
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

import IPython.core.completer
import IPython.core.interactiveshell
import IPython.core.magics  # noqa: F401
import numpy as np
import torch

USER = 0x10000000  # the kinds of namespaces, as setns(2) takes them
OTHERS = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
OWNER = 0xB701  # asks a namespace for the user namespace that it belongs to
ALL = 1 << 16  # more descriptors than there are
DUMPABLE, BOUNDING_SET_DROP, NO_NEW_PRIVS = 4, 24, 38  # what prctl(2) sets
CAPABILITIES = 0x20080522  # the version of what capset(2) takes
C = ctypes.CDLL(None, use_errno=True)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """A function of C; OSError where it fails."""
    if function(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def join(process: int, pid: int) -> None:
    """Into the namespaces of the process `pid`, which `process` is a descriptor of.

    Where there are user namespaces, bubblewrap nests two: the others belong to the outer,
    programs run in the inner, and from there nothing more can be entered.
    """
    own, inner, mounts = (
        os.open(f"/proc/{path}", os.O_RDONLY)
        for path in ("self/ns/user", f"{pid}/ns/user", f"{pid}/ns/mnt")
    )
    outer = fcntl.ioctl(mounts, OWNER)
    if not os.path.sameopenfile(own, outer):
        call(C.setns, outer, USER)
    call(C.setns, process, OTHERS)
    if not os.path.sameopenfile(outer, inner):
        call(C.setns, inner, USER)


def give_up(limits: dict[str, int], user: int) -> None:
    """What bubblewrap, setpriv and prlimit take from a program that they start."""
    for name, most in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    with open("/proc/sys/kernel/cap_last_cap") as last:
        for capability in range(int(last.read()) + 1):
            call(C.prctl, BOUNDING_SET_DROP, capability, 0, 0, 0)
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    call(C.capset, (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)())
    call(C.prctl, NO_NEW_PRIVS, 1, 0, 0, 0)
    call(C.prctl, DUMPABLE, 1, 0, 0, 0)  # as a program is that was just started


def become(paths: list[str]) -> None:
    """`inside.py`, as if Python had just been started on it."""
    np.random.seed()  # Python's own is seeded anew by a fork
    torch.default_generator.seed()
    # An editable install of the book leads to a folder that is not here.
    sys.path[:] = [p for p in sys.path if p.endswith(".zip") or os.path.exists(p)]
    sys.path_importer_cache.clear()
    vars(platform)["_uname_cache"] = None  # it holds the name of the machine outside
    sys.argv[:] = [f"{paths[0]}/inside.py", *paths]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    vars(main)["__file__"] = sys.argv[0]
    with open(sys.argv[0], encoding="utf-8") as file:
        source = file.read()
    exec(compile(source, sys.argv[0], "exec"), vars(main))


def session(told: dict[str, Any], line: list[int], ended: int, process: int) -> None:
    """One fork of this: it stays outside, and its own child is the session."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    join(process, told["pid"])  # of the namespace of processes a child is the first inside
    if child := os.fork():
        os.closerange(0, ended)
        os.closerange(ended + 1, ALL)
        os.write(ended, b"%d\n" % os.getpid())
        while (found := os.wait())[0] != child:
            pass  # a cell can make siblings of the session: see CLONE_PARENT in clone(2)
        status = found[1]  # it can also be stopped: a cell may have this trace it
        died = os.WIFSIGNALED(status)
        os.write(ended, b"%d\n" % (-os.WTERMSIG(status) if died else status >> 8))
        return
    os.setsid()
    for standard, descriptor in enumerate(line):
        os.dup2(descriptor, standard)
    os.closerange(3, ALL)
    give_up(told["limits"], told["user"])
    os.chdir(told["paths"][1])
    become(told["paths"])


def main() -> None:
    """Fork for each message, until the last grader has gone."""
    graders = socket.socket(fileno=os.dup(1))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # so that forks share the pages
    while True:
        message, descriptors, *_ = socket.recv_fds(graders, 10_000, 5)
        if not message:
            return
        if not os.fork():
            try:
                *line, ended, process = descriptors
                session(json.loads(message), line, ended, process)
            except BaseException:
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
