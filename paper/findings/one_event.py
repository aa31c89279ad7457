"""The view of a single event: what one upset does, and failures in time in a stated memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paper.findings.finding import Finding
from paper.findings.interval import Interval
from paper.findings.places import SEED
from paper.findings.results import SEEDS, Results
from paper.findings.study import BASE, FORMS
from paper.findings.words import code, number, numbers, percent, table

MAPPED = ("float", "actmax", "ptq")

COMMAND = (
    "python -m paper 'fit/*'     # for example fit/resnet20-1-float:\n"
    "relcheck run build/paper/models/resnet20-1/float.onnx --target mcu-sram "
    "--data build/paper/data/test.npz --precision 0.002 --budget 10m --jobs 0 --journal none "
    "--seed 1 --json build/paper/results/fit/resnet20-1-float.json"
)

HEAD = (
    "ResNet-20",
    "seed",
    "bits at risk",
    "events, FIT",
    "SDC of one event, %",
    "DUE of one event, %",
    "SDC, FIT",
    "JSON",
)


def find(results: Results) -> Finding:
    """No verdict: the paper gives rates alone."""
    rows = [*_targets(results), *_bare(results)]
    block = "\n\n".join(
        (
            "A bit error rate says how many upsets are in the memory at once; hardware meets "
            "them one by one, and corrects or refreshes in between. The memory here is the target "
            "`mcu-sram` (`relcheck target show mcu-sram`): the SRAM of a microcontroller at "
            "sea level "
            "with SEC-DED, whose raw rate is partly assumed. The last rows are the same memory "
            "without "
            "SEC-DED: the rate per bit times the bits of the file times the SDC of one upset, "
            "from the "
            "map. What was never seen is given as an upper limit. FIT: events in 10⁹ hours.",
            code(COMMAND),
            table(HEAD, rows),
        )
    )
    return Finding("one-event", "One event and FIT", (), block)


def _targets(results: Results) -> Iterator[list[str]]:
    for form in MAPPED:
        for seed in SEEDS:
            content = results.json(f"fit/{BASE}-{seed}-{form}.json")
            if content is not None:
                yield _target_row(results, form, seed, content)


def _target_row(results: Results, form: str, seed: int, content: Any) -> list[str]:
    region = content["regions"][0]
    given, fit = region["given_event"], region["fit"]
    return [
        f"{FORMS[form]}, SEC-DED",
        str(seed),
        f"{region['bits_at_risk'] / 1e6:.2f} M",
        number(fit["raw"]),
        _bounded(given["sdc"]),
        _bounded(given["due"]),
        _counted(fit["sdc"]),
        f"[{seed}]({results.link}/fit/{BASE}-{seed}-{form}.json)",
    ]


def _bare(results: Results) -> Iterator[list[str]]:
    content = results.json(f"map/{BASE}-{SEED}.json")
    target = results.json(f"fit/{BASE}-{SEED}-float.json")
    if content is None or target is None:
        return
    whole = content["whole"]
    events = target["regions"][0]["raw"]["fit_per_mbit"] * whole["bits"] / 1e6
    yield [
        f"{FORMS['float']}, no SEC-DED",
        str(SEED),
        f"{whole['bits'] / 1e6:.2f} M",
        number(events),
        percent(Interval.of(whole["sdc"]), 2),
        percent(Interval.of(whole["due"]), 2),
        numbers(Interval.of(whole["sdc"]).times(events)),
        f"[{SEED}]({results.link}/map/{BASE}-{SEED}.json)",
    ]


def _bounded(part: dict[str, float]) -> str:
    """An upper limit where nothing was seen."""
    if part["estimate"] == 0:
        return f"≤ {100 * part['high']:.3g}"
    return percent(Interval.of(part), 3)


def _counted(part: dict[str, float]) -> str:
    if part["estimate"] == 0:
        return f"≤ {number(part['high'])}"
    return numbers(Interval.of(part))
