"""Evidence for the tool: known answers, and a short self-test of this model on this machine."""

from pathlib import Path

from analyzer.jobs.observer import Observer
from analyzer.jobs.requests.checks import SelfTestRequest
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.selftest import check_engine
from analyzer.reports.target.record import EvidencePart, SelfTestPart
from analyzer.verification.selftest import SelfTest

PATTERNS = 24
"""Fault patterns of the self-test; `relcheck selftest` runs more."""

LARGE_MODEL = 5_000_000
"""Bytes of a model from which on no self-test is run: the oracle loads the file for each pattern,
which would take as long as the campaign."""


def tool_evidence(request: TargetRequest, size: int, observer: Observer) -> EvidencePart:
    """Ask for known answers, and compare live weights with the edited file.

    Args:
        request: what is asked for.
        size: of the model, in bytes.
        observer: is told how it goes.

    Raises:
        NotRestored: afterwards a live weight is not golden.
    """
    left_out = ""
    if size > LARGE_MODEL:
        name = request.model.name if isinstance(request.model, Path) else "MODEL"
        left_out = (
            f"the model has {size / 1e6:.0f} MB, and a self-test loads it once for each pattern; "
            f"run `relcheck selftest {name}`, and keep its output with this report"
        )
    found = check_engine(_asked(request, bool(left_out)), observer).record
    topics = found.known.topics
    asked = sum(len(topic.findings) for topic in topics)
    wrong = sum(len(topic.differing) for topic in topics)
    return EvidencePart(
        known_answers=asked - wrong,
        known_answers_asked=asked,
        self_test=_part(found.engine.found) if found.engine else None,
        left_out=left_out,
    )


def _asked(request: TargetRequest, without_model: bool) -> SelfTestRequest:
    if without_model:
        return SelfTestRequest(known_answers_only=True)
    own = SelfTestRequest.model_fields.keys() - {"outputs", "command", "model", "fault"}
    given = {name: getattr(request, name) for name in request.model_fields_set & own}
    return SelfTestRequest(**given, model=request.model, patterns=PATTERNS)


def _part(found: SelfTest) -> SelfTestPart:
    return SelfTestPart(
        patterns=found.patterns,
        compared=found.compared,
        identical=found.compared - len(found.mismatches),
        passed=found.passed,
    )
