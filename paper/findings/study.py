"""Names of the study, and figures gathered over its training seeds.

Arguments have the same meaning throughout: ``kind`` of a stage (``fp32``), ``model`` by its name in
the study (``vgg``), ``form`` by the name of its file (``actmax``), ``share`` of the accuracy above
chance that is lost, above 0 and below 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import fmean

from paper.findings.crossing import Crossing, crossing
from paper.findings.interval import Interval, mean
from paper.findings.results import SEEDS, Curve, Results
from paper.findings.seeds import over_seeds
from paper.findings.words import rate

BASE = "resnet20"
"""The network that was also pretrained."""

DEPTHS = ("resnet20", "resnet32", "resnet56")
SUPERVISED = (*DEPTHS, "vgg", "densenet", "inception", "mobilenet")
METHODS = ("simsiam", "swav", "dino", "ssql")
PRETRAINED = tuple(f"{BASE}-{method}" for method in METHODS)
MODELS = (*SUPERVISED, *PRETRAINED)
TWENTIES = (BASE, *PRETRAINED)
"""Those that were swept as q15.16 and trained for int8."""

NAMES = {
    "resnet20": "ResNet-20",
    "resnet32": "ResNet-32",
    "resnet56": "ResNet-56",
    "vgg": "VGG-like",
    "densenet": "DenseNet-like",
    "inception": "Inception-like",
    "mobilenet": "MobileNet-like",
    "resnet20-simsiam": "SimSiam",
    "resnet20-swav": "SwAV",
    "resnet20-dino": "DINO",
    "resnet20-ssql": "SSQL",
}

FORMS = {
    "float": "unprotected",
    "relu6": "ReLU6",
    "ranger": "Ranger",
    "actmax": "ActMax",
    "clipact": "ClipAct",
    "ptq": "int8 PTQ",
    "actmax_ptq": "ActMax, int8 PTQ",
    "qat": "int8 QAT",
}

PRE = "--input 32 --mean 0.4914,0.4822,0.4465 --std 0.247,0.2435,0.2616"

ENCODINGS = {"fp32": "float32 as stored", "q15.16": "32-bit fixed point, q15.16"}


def per_seed(
    results: Results, kind: str, model: str, form: str, value: Callable[[Curve], float | None]
) -> dict[int, float]:
    """A figure of each training that is there and has one.

    Args:
        results: the folder.
        kind: of the stages.
        model: name in the study.
        form: name of the model's file.
        value: the figure of a curve; None leaves the training out.

    Returns:
        By training seed.
    """
    found = ((seed, value(curve)) for seed, curve in results.curves(kind, model, form))
    return {seed: figure for seed, figure in found if figure is not None}


def less(one: dict[int, float], other: dict[int, float]) -> dict[int, float]:
    """Differences by training seed, where both are there.

    Args:
        one: a figure by training seed.
        other: what is subtracted.
    """
    return {seed: one[seed] - other[seed] for seed in SEEDS if seed in one and seed in other}


def paired(one: dict[int, float], other: dict[int, float]) -> list[float]:
    """The same, in the order of the seeds.

    Args:
        one: a figure by training seed.
        other: what is subtracted.
    """
    return list(less(one, other).values())


def pretrained_less(figures: dict[str, dict[int, float]]) -> Interval | None:
    """The mean of SimSiam, SwAV and DINO less the supervised network, over training seeds.

    Args:
        figures: of each of `TWENTIES`, a figure by training seed; a seed that one lacks is left
            out.
    """
    supervised, methods = figures[TWENTIES[0]], [figures[model] for model in PRETRAINED[:3]]
    seeds = [seed for seed in SEEDS if all(seed in found for found in figures.values())]
    return seed_interval([fmean(m[seed] for m in methods) - supervised[seed] for seed in seeds])


def crossings(
    results: Results, kind: str, model: str, form: str, share: float = 0.5
) -> dict[int, Crossing]:
    """The rates at which ``share`` of the accuracy above chance is lost, by training seed.

    Args:
        results: the folder.
        kind: of the stages.
        model: name in the study.
        form: name of the model's file.
        share: above 0, below 1.
    """
    return {s: crossing(c, share) for s, c in results.curves(kind, model, form)}


def in_upsets(
    results: Results, kind: str, model: str, form: str, share: float = 0.5
) -> dict[int, Crossing]:
    """The same in expected upsets of the whole memory: see `crossings`."""
    curves = results.curves(kind, model, form)
    return {s: crossing(c, share).times(c.bits) for s, c in curves}


def golden(results: Results, kind: str, model: str, form: str) -> dict[int, float]:
    """Fault-free accuracy on the test images, by training seed: see `per_seed`."""
    return per_seed(results, kind, model, form, lambda curve: curve.golden)


def area(results: Results, kind: str, model: str, form: str) -> dict[int, float]:
    """Area under the curve, by training seed: see `per_seed`."""
    return per_seed(results, kind, model, form, lambda curve: curve.area.estimate)


def seed_interval(values: Iterable[float]) -> Interval | None:
    """Student's t interval of the trainings; None for fewer than two."""
    return over_seeds(list(values))


def mean_curve(results: Results, kind: str, model: str, form: str) -> list[tuple[float, Interval]]:
    """The mean metric over the trainings at each rate; of a single one, its own intervals.

    Args:
        results: the folder.
        kind: of the stages.
        model: name in the study.
        form: name of the model's file.
    """
    curves = [curve for _, curve in results.curves(kind, model, form)]
    if not curves:
        return []
    found = []
    for i, at in enumerate(curves[0].rates):
        column = [c.metric[i] for c in curves if len(c.rates) == len(curves[0].rates)]
        spread = over_seeds([m.estimate for m in column])
        found.append((at, spread or mean(column)))
    return found


def swept(results: Results, kind: str, model: str, form: str) -> str:
    """The lowest and the highest rate of the sweeps in words: see `per_seed`."""
    rates = [r for _, curve in results.curves(kind, model, form) for r in curve.rates]
    return f"{rate(min(rates))} to {rate(max(rates))}" if rates else ""


def listed(models: Iterable[str]) -> list[str]:
    """Names of a kind's files: every model with every seed."""
    return [f"{model}-{seed}" for model in models for seed in SEEDS]
