"""Distributions of activations written by hand: what they render to is the same everywhere."""

from collections.abc import Callable
from typing import Any

from analyzer.reports.activations.record import (
    ActivationPart,
    ActivationsPlanPart,
    ActivationsReport,
    AnswersPart,
    DistributionPart,
    LeftPart,
    ModelActivationsPart,
    RateActivationsPart,
    ThresholdPart,
)
from tests.reports.examples import EXACTLY_ZERO, example_report, interval

NAMES = (
    "stem_relu",
    "stage1.block0.relu",
    "backbone.features.denseblock4.denselayer16.relu2.output_0",
    "head.gelu",
)


def distribution(size: float, **changed: Any) -> DistributionPart:
    """Values of a Relu, half of them 0."""
    fields: dict[str, Any] = {
        "numbers": 64_000,
        "mean": 0.21 * size,
        "first_quartile": 0.0,
        "median": 0.0,
        "third_quartile": 0.3 * size,
        "minimum": 0.0,
        "maximum": size,
        "zeros": 0.53,
        "nan": 0.0,
        "infinite": 0.0,
        "beyond": EXACTLY_ZERO,
    }
    return DistributionPart(**{**fields, **changed})


def site(name: str, size: float, origin: str = "maximum", low: float | None = None) -> Any:
    """An activation whose threshold is its largest value."""
    golden = distribution(size) if low is None else distribution(size, minimum=low, zeros=0.0)
    threshold = ThresholdPart.model_validate({"low": low, "high": size, "origin": origin})
    kind = "Relu" if low is None else "Gelu"
    return ActivationPart(value=name, kind=kind, threshold=threshold, golden=golden)


FAULTY = (
    distribution(4.1, beyond=interval(0.0, 0.0, 0.0451)),
    distribution(3.2e37, mean=1.7e33, beyond=interval(0.0031, 0.0004, 0.0312)),
    distribution(
        1.0,
        mean=4.1e35,
        third_quartile=9.0e33,
        maximum="inf",
        nan=0.403,
        infinite=0.016,
        beyond=interval(0.155, 0.129, 0.19),
    ),
    distribution(
        7.0,
        **dict.fromkeys(("mean", "first_quartile", "median", "third_quartile", "minimum"), None),
        maximum=None,
        zeros=0.0,
        nan=1.0,
        beyond=interval(0.0, 0.0, 0.0451),
    ),
)


def rate(value: float, **changed: Any) -> RateActivationsPart:
    """One rate at which activations blow up."""
    fields: dict[str, Any] = {
        "rate": value,
        "p_faulty": 0.916,
        "patterns": 80,
        "failed": 0,
        "stop": "precision",
        "sites": list(FAULTY),
    }
    return RateActivationsPart(**{**fields, **changed})


def model(label: str = "A", origin: str = "maximum", **changed: Any) -> ModelActivationsPart:
    """One model with four activations, at two rates."""
    sites = [site(name, 4.1 + i, origin) for i, name in enumerate(NAMES[:3])]
    fields: dict[str, Any] = {
        "label": label,
        "model": example_report().model,
        "batch": 4,
        "plan_id": "0123456789abcdef",
        "paired": False,
        "images": 600,
        "stop": None,
        "answers": AnswersPart(golden=4, faulty=2, differing=0, largest=0.0),
        "sites": [*sites, site(NAMES[3], 7.1, origin, low=-0.17)],
        "left": [],
        "rates": [rate(1e-6), rate(3e-5, p_faulty=1.0)],
    }
    return ModelActivationsPart(**{**fields, **changed})


def report(*models: ModelActivationsPart) -> ActivationsReport:
    """A report on these models."""
    base = example_report()
    return ActivationsReport(
        tool=base.tool,
        data=base.data,
        plan=ActivationsPlanPart(
            rates=[row.rate for row in models[0].rates],
            exposure="transient",
            encoding="stored",
            fault="flip",
            seed=0,
            precision=0.05,
            confidence=0.95,
            include=[],
            exclude=[],
            kinds=[],
            thresholds="",
        ),
        relative_error=2.0**-10,
        models=list(models),
        run=base.run.model_copy(update={"command": "relcheck activations digits_resnet.onnx"}),
    )


def one_model() -> ActivationsReport:
    return report(model())


def two_models() -> ActivationsReport:
    """The second is hardened: it rounds otherwise, and one of its rates was cut short."""
    cut = rate(3e-5, stop="budget", patterns=3, failed=3, sites=[])
    second = model(
        "B",
        "bound",
        paired=True,
        answers=AnswersPart(golden=4, faulty=2, differing=6, largest=2.6e-7),
        left=[LeftPart(value="s", kind="Sigmoid", reason="its values lie in [0, 1] by definition")],
        rates=[rate(1e-6, failed=2), cut],
    )
    return report(model(), second)


def without_faults() -> ActivationsReport:
    return report(model(rates=[], images=120, stop="interrupted"))


ACTIVATIONS: dict[str, Callable[[], ActivationsReport]] = {
    "one": one_model,
    "two": two_models,
    "golden": without_faults,
}
