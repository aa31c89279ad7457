"""Quantization-aware training against post-training quantization."""

from __future__ import annotations

from paper.findings.commands import commands
from paper.findings.finding import Finding, Glance, sources, verdicts
from paper.findings.quantization import shown_ratio
from paper.findings.relative import left_at, relative_area
from paper.findings.results import SEEDS, Results
from paper.findings.seeds import average
from paper.findings.study import (
    NAMES,
    TWENTIES,
    golden,
    less,
    paired,
    per_seed,
    pretrained_less,
    seed_interval,
    swept,
)
from paper.findings.verdict import above, below
from paper.findings.words import percent, points, table

NEAR = 0.9

HEAD = (
    "QAT less PTQ",
    "without faults",
    "relative area",
    "half lost, ratio of rates",
    "half lost, ratio of upsets",
    "JSON",
)


def find(results: Results) -> Finding:
    """Fault-free accuracy and fault tolerance, paired by training."""
    glances = (
        _better(results),
        _holds(results),
        _ssl_loses(results),
        _ssql_repairs(results),
        _sturdier(results),
    )
    rows = [_row(results, m) for m in TWENTIES if golden(results, "int8", m, "qat")]
    block = "\n\n".join(
        (
            verdicts(glances),
            "Rule: the interval over trainings lies beyond 0, or beyond the share that the "
            f"sentence names: near is {NEAR:.0%} of the accuracy above chance. QAT went on from "
            "the trained float32 network for two epochs, so that it also trained longer than "
            "PTQ's. The last sentence is a question of ours: the paper has no network in both "
            "forms.",
            commands(results, "qat/resnet20-1", "int8/resnet20-1"),
            table(HEAD, rows),
            sources(results, "int8", TWENTIES),
        )
    )
    return Finding("qat", "QAT and PTQ", glances, block)


def _free(results: Results, model: str, base: str) -> dict[int, float]:
    one, other = (golden(results, "int8", model, form) for form in ("qat", base))
    return less(one, other)


def _relative(results: Results, model: str) -> list[float]:
    forms = (per_seed(results, "int8", model, form, relative_area) for form in ("qat", "ptq"))
    return paired(*forms)


def _better(results: Results) -> Glance:
    found = average({m: list(_free(results, m, "ptq").values()) for m in TWENTIES})
    claim = "QAT “provides better performance for the same number of bits” (section II-D)"
    return Glance(claim, f"{points(found)} points without faults", above(found))


def _holds(results: Results) -> Glance:
    left = left_at(3e-5)
    found = average({m: list(per_seed(results, "int8", m, "qat", left).values()) for m in TWENTIES})
    claim = (
        "QAT networks keep “accuracy similar to the fault-free scenario” to 3e-5 (section VIII, "
        "Table 4)"
    )
    return Glance(claim, f"{percent(found)} % of accuracy above chance left", above(found, NEAR))


def _ssl_loses(results: Results) -> Glance:
    found = pretrained_less({m: _free(results, m, "float") for m in TWENTIES})
    claim = (
        "SSL with QAT loses more fault-free accuracy than supervised (section VIII, Table 4): "
        "SimSiam, SwAV, DINO"
    )
    return Glance(claim, f"{points(found, 2)} points", below(found))


def _ssql_repairs(results: Results) -> Glance:
    ssql, simsiam = (_free(results, f"resnet20-{n}", "float") for n in ("ssql", "simsiam"))
    found = seed_interval(paired(ssql, simsiam))
    claim = (
        "SSQL helps quantized networks “by mitigating the performance degradation” (section "
        "VIII, Table 4): QAT, less SimSiam"
    )
    return Glance(claim, f"{points(found, 2)} points", above(found))


def _sturdier(results: Results) -> Glance:
    found = average({m: _relative(results, m) for m in TWENTIES})
    claim = "QAT holds longer than PTQ (not in the paper): relative area"
    rates = swept(results, "int8", TWENTIES[0], "qat")
    return Glance(claim, f"{points(found)} points, {rates}", above(found))


def _row(results: Results, model: str) -> list[str]:
    return [
        NAMES[model],
        points(seed_interval(_free(results, model, "ptq").values())),
        points(seed_interval(_relative(results, model))),
        *(shown_ratio(results, model, ("qat", "ptq"), unit) for unit in ("rates", "upsets")),
        results.links("int8", [f"{model}-{seed}" for seed in SEEDS]),
    ]
