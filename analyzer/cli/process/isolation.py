"""A command in a process of its own, so that a hostile model can harm no other process.

ONNX Runtime is C++ that was given a file from elsewhere. It may crash, never return, or ask for all
the memory there is, and take the process along. So the command runs in a child; the parent waits,
passes signals on, and can report how the child ended. The child is forked before anything heavy is
loaded, which costs milliseconds, and no thread is lost.
"""

import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Signals that are meant for the command, not for the process that watches it."""

CRASHES = frozenset(
    (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS)
)
"""Signals by which native code dies of a defect."""

PR_SET_PDEATHSIG = 1
"""Linux: which signal a process gets when its parent dies; from <sys/prctl.h>."""


@dataclass(frozen=True, slots=True)
class Ending:
    """End of a child process: an exit code, or a signal (then ``signal`` is not 0)."""

    code: int
    signal: int = 0

    @property
    def crashed(self) -> bool:
        """True if native code failed."""
        return self.signal in CRASHES

    @property
    def silent(self) -> bool:
        """True if the child gave no sign of life for too long."""
        return self.signal == signal.SIGALRM

    @property
    def killed(self) -> bool:
        """True if the system killed the child, as Linux does when memory runs out."""
        return self.signal == signal.SIGKILL


def fork_off(memory: int) -> Ending | None:
    """Continue in a child.

    Args:
        memory: bytes of address space that the child, and each process it starts, may take.

    Returns:
        None in the child; in the parent, after the child has ended, its `Ending`.
    """
    parent = os.getpid()
    # A signal that comes before both are ready waits until they are.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (*PASSED_ON, signal.SIGTSTP))
    child = os.fork()
    if child:
        _listen(child)
    else:
        _settle(parent, memory)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _ending_of(child) if child else None


def sign_of_life(seconds: float) -> None:
    """Let this process die of SIGALRM unless the function is called again within ``seconds``.

    The system sends the signal, so that native code that never returns cannot prevent it. 0: never.
    """
    signal.setitimer(signal.ITIMER_REAL, seconds)


def die_with(parent: int) -> None:
    """Have the system kill this process when ``parent`` dies, however that process dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _settle(parent: int, memory: int) -> None:
    os.setpgid(0, 0)  # so that all its processes can be ended together
    die_with(parent)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # may write to a terminal that forbids it
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CORE, 0)  # a crash leaves no file behind


def lift_address_limit() -> None:
    """Let this process, and those it starts, take as much address space as the system allows.

    CUDA reserves room for the memory of machine and cards together, which it never fills.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _limit(kind: int, value: int) -> None:
    """Set a limit, unless a lower one is in force."""
    soft, hard = resource.getrlimit(kind)
    stricter = [v for v in (soft, value) if v != resource.RLIM_INFINITY]
    resource.setrlimit(kind, (min(stricter), hard))


def _listen(child: int) -> None:
    """Pass signals on to ``child``."""

    def pass_on(number: int, _frame: Any) -> None:
        os.kill(child, number)

    def pause(_number: int, _frame: Any) -> None:
        os.killpg(child, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.killpg(child, signal.SIGCONT)

    with contextlib.suppress(OSError):  # the child does the same; one of both is first
        os.setpgid(child, child)
    handlers: dict[int, Callable[[int, Any], None]] = dict.fromkeys(PASSED_ON, pass_on)
    for number, handler in {**handlers, signal.SIGTSTP: pause}.items():
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _ending_of(child: int) -> Ending:
    """Wait until ``child`` has ended."""
    _, status = os.waitpid(child, 0)
    _sweep(child)
    code = os.waitstatus_to_exitcode(status)
    return Ending(max(code, 0), max(-code, 0))


def _sweep(group: int) -> None:
    """End the processes that the child left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
