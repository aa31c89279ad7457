"""Walks models through the analyzer, in a forked child that may crash; another one goes on then.

ONNX Runtime has defects of its own, and a fault may lead to any of them (a division by a stored
integer that became zero ends the process). The command contains these by processes; so does this.
"""

import faulthandler
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from json import dumps, loads
from pathlib import Path

from analyzer.errors import InternalError, RelcheckError
from analyzer.jobs.inspect import Inspection, inspect_model
from analyzer.jobs.prepare import Analysis, prepare_sweep
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.checks import InspectRequest
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.sweep import SweepReport, run_sweep
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.verification.selftest import run_selftest, test_patterns
from tests.backend.suite import BackendModel

SWEEP = {"rates": "1e-3", "precision": 0.45, "images": 4, "jobs": 0}

PATTERNS = 6
"""Of each model, through live weights and the oracle."""

PATIENCE_SECONDS = 120
"""For one model on a machine that has much else to do; models take tenths of a second."""


class End(StrEnum):
    """How the walk of one model ended."""

    ANALYZED = "analyzed"
    REFUSED = "refused"
    CRASHED = "crashed"
    DIFFERS = "differs"
    BROKEN = "broken"


@dataclass(frozen=True)
class Step:
    """One model, walked.

    Attributes:
        name: Of the model.
        end: How it ended.
        text: The report, what differs, or a traceback.
        refusals: ``sentence [slug]`` of each job that refused the model.
    """

    name: str
    end: str
    text: str = ""
    refusals: tuple[str, ...] = ()


def walk(models: Sequence[BackendModel]) -> Iterator[Step]:
    """Every model in turn.

    Args:
        models: of the suite.
    """
    done = 0
    while done < len(models):
        for step in _walk_in_child(models[done:]):
            yield step
            done += 1


def _walk_in_child(models: Sequence[BackendModel]) -> Iterator[Step]:
    """The steps of a child; the last one is its crash, if it crashed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_child(models, writing)
    os.close(writing)
    done = 0
    with os.fdopen(reading, encoding="utf-8") as lines:
        for line in lines:
            done += 1
            read = loads(line)
            yield Step(**{**read, "refusals": tuple(read["refusals"])})
    _, status = os.waitpid(child, 0)
    if done < len(models):
        code = os.waitstatus_to_exitcode(status)
        end = End.CRASHED if code < 0 and -code != signal.SIGALRM else End.BROKEN
        yield Step(models[done].name, end, f"the process ended with {code}")


def _be_child(models: Sequence[BackendModel], writing: int) -> None:
    """In the child: never returns."""
    code = 1
    faulthandler.disable()  # pytest's, which would tell of crashes that are expected
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        with (
            os.fdopen(writing, "w", encoding="utf-8") as lines,
            tempfile.TemporaryDirectory() as folder,
        ):
            for model in models:
                signal.alarm(PATIENCE_SECONDS)
                print(dumps(asdict(walked(model, Path(folder)))), file=lines, flush=True)
        code = 0
    finally:
        os._exit(code)


def walked(model: BackendModel, folder: Path) -> Step:
    """One model through `inspect`, the comparison with the oracle, and `run`, in this process.

    Args:
        model: of the suite.
        folder: for its file.
    """
    file = folder / "model.onnx"
    file.write_bytes(model.proto.SerializeToString())
    try:
        inspected, refused = _said(lambda: inspect_model(ask(InspectRequest, {}, model=file)))
        asked = ask(SweepRequest, SWEEP, model=file)
        differs, refused_to_run = _said(lambda: _compared(prepare_sweep(asked)))
        refusals = refused + refused_to_run
        if refused_to_run:
            return Step(model.name, End.REFUSED, inspected, refusals)
        if differs:
            return Step(model.name, End.DIFFERS, differs, refusals)
        report = run_sweep(asked)
        assert isinstance(report, SweepReport)
        return Step(model.name, End.ANALYZED, inspected + report.to_text(), refusals)
    except Exception:
        return Step(model.name, End.BROKEN, traceback.format_exc())


def _said(job: Callable[[], str | Inspection]) -> tuple[str, tuple[str, ...]]:
    """The text that a job returns; else its refusal."""
    try:
        found = job()
    except InternalError:
        raise
    except RelcheckError as error:
        return "", (f"{error} [{error.slug}]",)
    return found if isinstance(found, str) else found.to_text(), ()


def _compared(analysis: Analysis) -> str:
    """Where live weights answer otherwise than the edited file; empty: nowhere."""
    model, space, live = analysis.model, analysis.space, analysis.executor
    context = analysis.context
    feeds = context.golden.batches[0].feeds(model.signature.name)
    patterns = test_patterns(space, context.plan.fault, PATTERNS, context.plan.seed)
    oracle, plain = RewriteExecutor(model, space, analysis.device), None
    if live.layout is not None and live.layout.reordered is not None:
        plain = RewriteExecutor(model, space, analysis.device, pack=False)
    found = run_selftest(live, oracle, space, feeds, patterns, lambda _: None, plain)
    if found.agreed:
        return ""
    return f"golden answers equal: {found.golden_equal}; patterns: {found.mismatches}"
