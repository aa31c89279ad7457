"""The entry point: the command runs in a child process, whose end is reported here."""

import os
import shutil
import signal
import sys
import tempfile
import warnings

from analyzer.cli.main import main, tell_error
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.cli.process.isolation import Ending, fork_off
from analyzer.errors import (
    BadOption,
    ModelCrashesRuntime,
    ModelHangs,
    OutOfMemory,
    RelcheckError,
    UnwritableOutput,
)
from analyzer.memory.scratch import SCRATCH

GIB = 2**30

MEMORY = "/dev/shm"  # where Linux keeps files in memory
"""Folder where files are faster, if there is room for many times their size."""

SPARE_GIB = 8
"""Address space beyond the machine's memory that a process may take: libraries, thread stacks and
mapped files reserve some that is never filled. With more, a process could use up all memory."""

PATIENCE_SECONDS = 600.0
"""Loading and probing a model of 2 GiB takes minutes."""


def entry() -> None:
    """Run the command line, guarded."""
    if os.environ.get("RELCHECK_DEBUG"):  # debuggers and tracebacks want one plain process
        main()
        return
    try:
        patience = _setting("RELCHECK_PATIENCE", PATIENCE_SECONDS)
        memory = _setting("RELCHECK_MEMORY", SPARE_GIB + _machine_gib())
        folder, quick = _own_folder(), _folder_in_memory()
        ending = fork_off(int(memory * GIB))
        if ending is None:
            _settle(folder, patience)
            SCRATCH.use(quick)
            main()
            return
        for place in filter(None, (folder, quick)):
            shutil.rmtree(place, ignore_errors=True)
        _conclude(ending, patience)
    except RelcheckError as error:
        sys.exit(tell_error(error))


def _setting(name: str, default: float) -> float:
    """A positive number from the environment.

    Raises:
        BadOption: the variable holds no such number.
    """
    text = os.environ.get(name, "")
    try:
        value = float(text or default)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 2.0**31:
        raise BadOption(f"{name}={text!r} is no positive number")
    return value


def _machine_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB


def _own_folder() -> str:
    """A folder for all temporary files, removed whatever happens to the child.

    Raises:
        UnwritableOutput: there is no place for one.
    """
    try:
        return tempfile.mkdtemp(prefix="relcheck-")
    except OSError as error:
        raise UnwritableOutput(
            f"temporary files cannot be written: {error.strerror}; set TMPDIR to a folder that can"
        ) from error


def _folder_in_memory() -> str | None:
    """A folder in memory for files that are needed for moments.

    None if there is no such place, or if the user named a folder for temporary files.
    """
    if any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")):
        return None
    try:
        return tempfile.mkdtemp(prefix="relcheck-", dir=MEMORY)
    except OSError:
        return None


def _settle(folder: str, patience: float) -> None:
    """In the child: use ``folder`` for all files, and silence libraries on the terminal."""
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    warnings.simplefilter("ignore")  # libraries address developers; see RELCHECK_DEBUG
    if sys.stderr is not None:
        own = os.dup(2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stderr = open(own, "w", 1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    HEARTBEAT.begin(patience)


def _conclude(ending: Ending, patience: float) -> None:
    """Leave with the child's exit code or signal, or say why the child could not finish.

    Raises:
        ModelCrashesRuntime: native code crashed.
        ModelHangs: the child gave no sign of life.
        OutOfMemory: the system killed the child.
    """
    if ending.crashed:
        name = signal.Signals(ending.signal).name
        raise ModelCrashesRuntime(
            f"the process that ran the model crashed ({name}): ONNX Runtime has a defect that this "
            "model sets off; it cannot be analyzed"
        )
    if ending.silent:
        raise ModelHangs(
            f"ONNX Runtime gave no sign of life with this model for {patience:g} s or more; if it "
            "is only slow, set RELCHECK_PATIENCE to more seconds"
        )
    if ending.killed:
        raise OutOfMemory(
            "the system ended the process that ran the model, most likely for want of memory; use "
            "a smaller --batch or fewer --images"
        )
    if ending.signal:
        signal.signal(ending.signal, signal.SIG_DFL)
        os.kill(os.getpid(), ending.signal)
    sys.exit(ending.code)
