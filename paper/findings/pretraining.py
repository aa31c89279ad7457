"""Self-supervised pretraining against supervised training from random weights."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

from paper.figures.dots import Column, Series, dots
from paper.findings.commands import commands
from paper.findings.finding import Finding, Glance, sources, verdicts
from paper.findings.interval import Interval, difference, mean
from paper.findings.relative import relative_area
from paper.findings.results import SEEDS, Curve, Results
from paper.findings.study import (
    BASE,
    ENCODINGS,
    FORMS,
    NAMES,
    PRETRAINED,
    TWENTIES,
    less,
    per_seed,
    seed_interval,
)
from paper.findings.verdict import above
from paper.findings.words import percent, points, table

COMPARED = ("float", "actmax", "clipact")
HEAD = (
    "pretraining",
    "form",
    "area less supervised",
    "of that, faults alone",
    "relative area less supervised",
)
MEAN_HEAD = (
    "mean of the four methods",
    "form",
    "without faults",
    "area",
    "relative area",
)
KNN_HEAD = ("pretraining", "k-NN before", "k-NN after", "images", "epochs", "JSON")

Figure = Callable[[Curve], float]


def find(results: Results) -> Finding:
    """Paired differences over training seeds, raw and at equal fault-free accuracy."""
    glances = (
        *(_clipped(results, kind) for kind in ("q15.16", "fp32")),
        _unprotected(results),
    )
    block = "\n\n".join(
        (
            verdicts(glances),
            "Rule: each seed has one difference. It is the mean relative area of the four "
            "methods (and of ActMax and ClipAct) less that of the supervised network. Student's "
            "t interval of these differences, with 2 degrees of freedom for three seeds, is "
            "above 0. The relative area is the area above chance over the fault-free accuracy "
            "above chance: it compares at equal fault-free accuracy.",
            "![Relative area less supervised](images/paper-pretraining.svg)",
            commands(results, f"pretrain/{PRETRAINED[0]}-1", f"q15.16/{PRETRAINED[0]}-1"),
            table(MEAN_HEAD, [_mean_row(results, k, f) for k in ENCODINGS for f in COMPARED]),
            *(sources(results, kind, TWENTIES) for kind in ENCODINGS),
        )
    )
    details = "\n\n".join(part for kind in ENCODINGS for part in _part(results, kind))
    return Finding(
        "pretraining",
        "Pretraining",
        glances,
        block,
        _picture(results),
        {"learned": _learned(results), "pretraining-methods": details},
    )


def _less_supervised(
    results: Results, kind: str, model: str, form: str, figure: Figure
) -> dict[int, float]:
    one, other = (per_seed(results, kind, m, form, figure) for m in (model, BASE))
    return less(one, other)


def _mean_row(results: Results, kind: str, form: str) -> list[str]:
    figures: tuple[Figure, ...] = (_golden, _area, relative_area)
    found = (points(_over_methods(results, kind, (form,), figure)) for figure in figures)
    return [f"less supervised, {ENCODINGS[kind]}", FORMS[form], *found]


def _golden(curve: Curve) -> float:
    return curve.golden


def _area(curve: Curve) -> float:
    return curve.area.estimate


def _over_methods(
    results: Results, kind: str, forms: tuple[str, ...], figure: Figure = relative_area
) -> Interval | None:
    """Seeds for which every method is there."""
    every = [
        _less_supervised(results, kind, model, form, figure)
        for model in PRETRAINED
        for form in forms
    ]
    seeds = [seed for seed in SEEDS if all(seed in found for found in every)]
    return seed_interval(fmean(found[seed] for found in every) for seed in seeds)


def _clipped(results: Results, kind: str) -> Glance:
    found = _over_methods(results, kind, ("actmax", "clipact"))
    claim = (
        "With clipping “SSL achieves higher fault tolerance than standard supervised training” "
        f"(section VI, Figs 6-7), {ENCODINGS[kind]}"
    )
    return Glance(claim, f"{points(found)} points of relative area", above(found))


def _unprotected(results: Results) -> Glance:
    found = _over_methods(results, "q15.16", ("float",))
    claim = (
        "“SSL pretraining, whether used alone …, generally enhances DNN fault tolerance” "
        "(abstract): unprotected, q15.16"
    )
    return Glance(claim, f"{points(found)} points of relative area", above(found))


def _part(results: Results, kind: str) -> list[str]:
    rows = [
        _row(results, kind, model, form)
        for model in PRETRAINED
        for form in COMPARED
        if _less_supervised(results, kind, model, form, relative_area)
    ]
    return [
        f"In points, {ENCODINGS[kind]}; {len(rows)} rows are {len(rows)} comparisons, 95 % each:",
        table(HEAD, rows),
    ]


def _row(results: Results, kind: str, model: str, form: str) -> list[str]:
    def areas(name: str) -> dict[int, Interval]:
        return {seed: curve.area for seed, curve in results.curves(kind, name, form)}

    one, other = areas(model), areas(BASE)
    both = [seed for seed in SEEDS if seed in one and seed in other]
    raw = [one[seed].estimate - other[seed].estimate for seed in both]
    alone = difference(mean([one[s] for s in both]), mean([other[s] for s in both]))
    relative = _less_supervised(results, kind, model, form, relative_area)
    return [
        NAMES[model],
        FORMS[form],
        points(seed_interval(raw)),
        points(alone),
        points(seed_interval(relative.values())),
    ]


def _learned(results: Results) -> str:
    """Progress of the pretraining: nearest neighbours in its features."""
    rows = []
    for model in PRETRAINED:
        reports = [report for _, report in results.reports(model, "pretrain.json")]
        if reports:
            after = [r["epochs"][-1]["validation"]["knn"] for r in reports]
            before = [r["before"]["knn"] for r in reports]
            rows.append(
                [
                    NAMES[model],
                    _spread(before),
                    _spread(after),
                    f"{reports[0]['training']['images']:,}",
                    str(len(reports[0]["epochs"])),
                    _files(results, model, "pretrain"),
                ]
            )
    return table(KNN_HEAD, rows)


def _spread(values: list[float]) -> str:
    found = seed_interval(values)
    return percent(found) if found else f"{100 * values[0]:.1f}"


def _files(results: Results, model: str, name: str) -> str:
    return " · ".join(
        f"[{seed}]({results.link}/models/{model}-{seed}/{name}.json)"
        for seed, _ in results.reports(model, f"{name}.json")
    )


def _picture(results: Results) -> dict[str, str]:
    models = [m for m in PRETRAINED if _less_supervised(results, "fp32", m, "float", relative_area)]
    if not models:
        return {}
    columns = [
        Column(
            f"relative area less supervised (points), {kind}",
            [
                Series(
                    FORMS[form],
                    [
                        seed_interval(
                            _less_supervised(results, kind, m, form, relative_area).values()
                        )
                        for m in models
                    ],
                )
                for form in COMPARED
            ],
        )
        for kind in ENCODINGS
    ]
    return {
        "paper-pretraining.svg": dots(
            [NAMES[m] for m in models], columns, "Pretrained less supervised"
        )
    }
