"""Costs of each mitigation: time, bytes, bits, fault-free accuracy."""

from __future__ import annotations

import math

from paper.findings.commands import commands
from paper.findings.finding import Finding
from paper.findings.interval import Interval
from paper.findings.results import Results
from paper.findings.seeds import average
from paper.findings.study import BASE, FORMS, MODELS, golden, paired, seed_interval
from paper.findings.words import NOTHING, points, ratio, table

REPORTED = ("relu6", "ranger", "actmax", "clipact", "ptq", "actmax_ptq")
"""Methods with a report of the tool that applied them."""

HEAD = (
    "method",
    "time of one image, ResNet-20",
    "the same, all networks",
    "bytes of the file",
    "without faults, points",
    "JSON, ResNet-20",
)


def find(results: Results) -> Finding:
    """No verdict: a table."""
    block = "\n\n".join(
        (
            "Times and bytes are ratios to the file that the method was applied to, in ONNX "
            "Runtime on one core, images one by one. Both networks were timed side by side. "
            "Time is the geometric mean over seeds with Student's t interval. Over all "
            "networks, the lowest and the highest of the means by network are given. Fault-free "
            "accuracy is that on the test images, less the unprotected float32 network of the "
            "same seed, mean over all networks. The cost of a protected memory is in the table "
            "above.",
            commands(results, "harden/resnet20-1-clipact", "ptq/resnet20-1"),
            table(HEAD, [row for form in REPORTED if (row := _row(results, form))]),
        )
    )
    return Finding("costs", "Costs", (), block)


def _row(results: Results, form: str) -> list[str] | None:
    times = {model: _times(results, model, form) for model in MODELS}
    means = [sum(logs) / len(logs) for logs in times.values() if logs]
    if not means:
        return None
    base = seed_interval(times[BASE])
    spread = f"{math.exp(min(means)):.2f} to {math.exp(max(means)):.2f}"
    return [
        FORMS[form],
        ratio(base.exp() if base else None),
        spread,
        _bytes(results, form),
        points(_free(results, form), 2),
        " · ".join(
            f"[{seed}]({results.link}/models/{BASE}-{seed}/{form}.json)"
            for seed, _ in results.reports(BASE, f"{form}.json")
        ),
    ]


def _times(results: Results, model: str, form: str) -> list[float]:
    reports = (report["twins"]["latency"] for _, report in results.reports(model, f"{form}.json"))
    return [math.log(latency["ratio"]) for latency in reports if latency]


def _bytes(results: Results, form: str) -> str:
    ratios = [
        report["twins"]["twin"]["bytes"] / report["twins"]["model"]["bytes"]
        for model in MODELS
        for _, report in results.reports(model, f"{form}.json")
    ]
    return f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else NOTHING


def _free(results: Results, form: str) -> Interval | None:
    kind = "int8" if "ptq" in form else "fp32"
    return average(
        {
            m: paired(golden(results, kind, m, form), golden(results, kind, m, "float"))
            for m in MODELS
        }
    )
