"""The study itself: networks, trainings, stages with their times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paper.findings.finding import Finding
from paper.findings.results import SEEDS, Results
from paper.findings.study import MODELS, NAMES, golden
from paper.findings.words import NOTHING, table

NETWORKS = ("network", "parameters", "test top-1 by seed, %", "validation top-1 by seed, %", "JSON")
STAGES = ("stage", "runs", "CPU minutes, all", "longest, minutes")


def find(results: Results) -> Finding:
    """Blocks without figures of findings."""
    records = list(results.records().values())
    block = table(NETWORKS, [row for m in MODELS if (row := _network(results, m))])
    return Finding(
        "networks",
        "Networks",
        (),
        block,
        blocks={"training": _budget(results), "stages": _stages(results, records)},
    )


def _network(results: Results, model: str) -> list[str] | None:
    reports = dict(results.reports(model, "train.json"))
    if not reports:
        return None
    tests = golden(results, "fp32", model, "float")
    first = next(iter(reports.values()))
    kept = {s: r["epochs"][r["kept"] - 1]["validation"]["top1"] for s, r in reports.items()}
    return [
        NAMES[model],
        f"{first['network']['parameters']:,}",
        _by_seed(tests),
        _by_seed(kept),
        " · ".join(
            f"[{seed}]({results.link}/models/{model}-{seed}/train.json)" for seed in reports
        ),
    ]


def _by_seed(values: Mapping[int, float]) -> str:
    shown = [f"{100 * values[s]:.1f}" if s in values else NOTHING for s in SEEDS]
    return " · ".join(shown)


def _budget(results: Results) -> str:
    """Images, epochs and times of the trainings of each network."""
    rows = []
    for model in MODELS:
        reports = [report for _, report in results.reports(model, "train.json")]
        if reports:
            one = reports[0]
            minutes = sum(report["cpu_seconds"] for report in reports) / len(reports) / 60
            rows.append(
                [
                    NAMES[model],
                    f"{one['training']['images']:,}",
                    str(len(one["epochs"])),
                    f"{one['settings']['optimizer']}, {one['settings']['learning_rate']}",
                    "pretrained" if "-" in model else "random",
                    f"{minutes:.1f}",
                ]
            )
    head = ("network", "images", "epochs", "optimizer, rate", "first weights", "CPU minutes, mean")
    return table(head, rows)


def _stages(results: Results, records: list[Any]) -> str:
    kinds: dict[str, list[Any]] = {}
    for record in records:
        kinds.setdefault(record["stage"].partition("/")[0], []).append(record)
    rows = []
    for kind, members in sorted(kinds.items()):
        total = sum(record["cpu_seconds"] for record in members) / 60
        longest = max(record["cpu_seconds"] for record in members) / 60
        rows.append([f"`{kind}`", str(len(members)), f"{total:.1f}", f"{longest:.1f}"])
    machines = sorted({record["machine"] for record in records})
    hours = sum(record["cpu_seconds"] for record in records) / 3600
    said = f"All together {hours:.1f} CPU hours ({'; '.join(machines)})." if records else ""
    if (results.folder / "records.json").is_file():
        said += f" Each with its command and seed: [records.json]({results.link}/records.json)."
    return f"{table(STAGES, rows)}\n\n{said}".rstrip()
