"""Measure what bit flips in the stored weights of an ONNX model do to its answers.

>>> import analyzer
>>> report = analyzer.run(
...     analyzer.demonstration_model(), rates=1e-6, precision=0.05, images=64, jobs=0
... )
>>> report.gate("top1 >= 0.9 @ 1e-6").passed
True

Names are loaded when they are first used, so that importing the package costs nothing. Functions
and their results are described in ``docs/api.md``.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# ONNX Runtime 1.32 reads this when it is loaded. Without it, each process queues events (a device
# id, the system, the path of Python) in the user's cache folder and uploads them. Every process of
# ours imports this package before ONNX Runtime, and child processes inherit the variable.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from analyzer.errors import RelcheckError
    from analyzer.gate import Condition, Verdict
    from analyzer.jobs.annotate import AnnotatedModel
    from analyzer.jobs.api import (
        compare,
        harden,
        inspect,
        quantize,
        selftest,
        vulnerability_map,
    )
    from analyzer.jobs.api_data import annotate, check
    from analyzer.jobs.api_replay import replay
    from analyzer.jobs.api_reports import diff, log_odds
    from analyzer.jobs.api_run import run
    from analyzer.jobs.api_targets import protect, read_target
    from analyzer.jobs.check import RecipesFound
    from analyzer.jobs.compare import ComparisonReport
    from analyzer.jobs.demonstration import demonstration_model
    from analyzer.jobs.difference_report import DifferenceReport
    from analyzer.jobs.gates import GateReport
    from analyzer.jobs.harden import HardenedModel
    from analyzer.jobs.inspect import Inspection
    from analyzer.jobs.log_odds import LogOddsFound
    from analyzer.jobs.map import VulnerabilityReport
    from analyzer.jobs.observer import Observer, Silent
    from analyzer.jobs.protect import ProtectionReport
    from analyzer.jobs.quantize import QuantizedModel
    from analyzer.jobs.replayed_patterns import ReplayedPattern
    from analyzer.jobs.replayed_report import ReplayedReport
    from analyzer.jobs.report import Report
    from analyzer.jobs.selftest import SelfTestReport
    from analyzer.jobs.sweep import SweepReport
    from analyzer.jobs.target.analyze import TargetReport
    from analyzer.jobs.target.gate import TargetGateReport
    from analyzer.jobs.target.library import ShippedTargets, list_targets, show_target
    from analyzer.targets.target import DeploymentTarget

__all__ = [
    "AnnotatedModel",
    "ComparisonReport",
    "Condition",
    "DeploymentTarget",
    "DifferenceReport",
    "GateReport",
    "HardenedModel",
    "Inspection",
    "LogOddsFound",
    "Observer",
    "ProtectionReport",
    "QuantizedModel",
    "RecipesFound",
    "RelcheckError",
    "ReplayedPattern",
    "ReplayedReport",
    "Report",
    "SelfTestReport",
    "ShippedTargets",
    "Silent",
    "SweepReport",
    "TargetGateReport",
    "TargetReport",
    "Verdict",
    "VulnerabilityReport",
    "annotate",
    "check",
    "compare",
    "demonstration_model",
    "diff",
    "harden",
    "inspect",
    "list_targets",
    "log_odds",
    "protect",
    "quantize",
    "read_target",
    "replay",
    "run",
    "selftest",
    "show_target",
    "vulnerability_map",
]

_FUNCTIONS = ("compare", "harden", "inspect", "quantize", "selftest", "vulnerability_map")
_HOMES = {
    **dict.fromkeys(_FUNCTIONS, "analyzer.jobs.api"),
    "AnnotatedModel": "analyzer.jobs.annotate",
    "ComparisonReport": "analyzer.jobs.compare",
    "RecipesFound": "analyzer.jobs.check",
    "DeploymentTarget": "analyzer.targets.target",
    "ProtectionReport": "analyzer.jobs.protect",
    "ReplayedPattern": "analyzer.jobs.replayed_patterns",
    "ReplayedReport": "analyzer.jobs.replayed_report",
    "ShippedTargets": "analyzer.jobs.target.library",
    "TargetGateReport": "analyzer.jobs.target.gate",
    "TargetReport": "analyzer.jobs.target.analyze",
    "annotate": "analyzer.jobs.api_data",
    "check": "analyzer.jobs.api_data",
    "diff": "analyzer.jobs.api_reports",
    "log_odds": "analyzer.jobs.api_reports",
    "LogOddsFound": "analyzer.jobs.log_odds",
    "list_targets": "analyzer.jobs.target.library",
    "protect": "analyzer.jobs.api_targets",
    "read_target": "analyzer.jobs.api_targets",
    "replay": "analyzer.jobs.api_replay",
    "run": "analyzer.jobs.api_run",
    "show_target": "analyzer.jobs.target.library",
    "DifferenceReport": "analyzer.jobs.difference_report",
    "Condition": "analyzer.gate",
    "GateReport": "analyzer.jobs.gates",
    "HardenedModel": "analyzer.jobs.harden",
    "Inspection": "analyzer.jobs.inspect",
    "Observer": "analyzer.jobs.observer",
    "QuantizedModel": "analyzer.jobs.quantize",
    "RelcheckError": "analyzer.errors",
    "Report": "analyzer.jobs.report",
    "SelfTestReport": "analyzer.jobs.selftest",
    "Silent": "analyzer.jobs.observer",
    "SweepReport": "analyzer.jobs.sweep",
    "Verdict": "analyzer.gate",
    "VulnerabilityReport": "analyzer.jobs.map",
    "demonstration_model": "analyzer.jobs.demonstration",
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    """A public name, from its module, which is loaded now."""
    if name not in _HOMES:
        raise AttributeError(f"module 'analyzer' has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Every name of the module, those that are not loaded yet included."""
    return sorted({*globals(), *__all__})
