"""The Python API, the part about deployment targets: their protection, and those at hand."""

from typing import Unpack

from analyzer.jobs.calls import request_from
from analyzer.jobs.keywords import ProtectKeywords
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.protect import ProtectionReport, plan_protection
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.signatures import takes
from analyzer.jobs.sources import ModelLike, model_source
from analyzer.jobs.target.library import TargetLike, load_target, target_source
from analyzer.targets.target import DeploymentTarget


class _Asked(ProtectKeywords, total=False):
    """All that a call may give, the target among it."""

    target: TargetLike


@takes(ProtectKeywords)
def protect(
    model: ModelLike,
    *,
    observer: Observer = SILENT,
    target: TargetLike | None = None,
    **options: Unpack[ProtectKeywords],
) -> ProtectionReport:
    """Find the cheapest protection of the memory that meets a budget, and confirm it.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        target: a deployment target, as of `analyzer.run`, whose budget is in FIT; None: the budget
            is a probability given one event.
        observer: is told how it goes.
        options: keywords of `analyzer.run` on data, memory and work; and these, each optional.

            - ``gate``: the budget, like ``"sdc <= 1e-3 @ one event"``, with a target like
              ``"sdc_fit <= 10"``; or one of SDC and one of DUE. With a target that has a budget it
              may be left out.
            - ``scheme``: schemes that may be used; ``("secded:64", "tmr")`` by default.
            - ``rounds``: plans that are tried at most; 3 by default.
            - ``fault``: the event, without a target.
            - ``bounds``: methods of hardening, like ``"ranger"``: the plan may take the model with
              bounded activations (``bounded`` of the result). Bounds are measured on
              ``calibration_data`` (``data`` by default), may cost ``max_loss`` of the fault-free
              accuracy (0.005) and ``max_latency`` times the latency, and go to the file ``out``.

    Returns:
        The plan: ``protect`` as `analyzer.run` takes it, its storage, its confirmation, and the
        verdict; one row per tensor.

    Raises:
        RelcheckError: whatever is wrong with the options, the target, the model or the data.

    >>> import analyzer
    >>> plan = protect(
    ...     analyzer.demonstration_model(), gate="sdc <= 0.5 @ one event", images=64, jobs=0
    ... )
    >>> plan.passed, plan.protect, plan.record.check_bits
    (True, 'none', 0)
    """
    sources = {"model": model_source(model), "command": "analyzer.protect"}
    given = {**options, "target": None if target is None else target_source(target)}
    return plan_protection(request_from(ProtectRequest, _Asked, given, **sources), observer)


def read_target(source: TargetLike) -> DeploymentTarget:
    """Read a deployment target.

    Args:
        source: path of a TOML file, or the name of a target that comes with the tool.

    Returns:
        The target as data. ``model_copy(update=...)`` makes another one, which `analyzer.run`
        checks.

    Raises:
        BadTarget: there is no such target, or it is none.

    >>> target = read_target("fpga-bram-28nm")
    >>> target.environment.name, target.region[0].name
    ('sea level, New York', 'block RAM')
    """
    return load_target(source)
