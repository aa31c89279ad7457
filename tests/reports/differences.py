"""Differences between reports written by hand, and reports that are hardly comparable."""

import tempfile
from pathlib import Path
from typing import Any

from analyzer.jobs.diff import diff_reports
from analyzer.jobs.requests.diff import DiffRequest
from analyzer.reports.diff.record import Difference
from analyzer.reports.map.record import MapReport
from analyzer.reports.sweep.record import Report
from tests.reports.examples import example_report, interval, row, unknown_row
from tests.reports.maps import example_map, tensor


def newer(**changed: Any) -> Report:
    """A report of another model, by the same tool on the same data."""
    base = example_report()
    fields: dict[str, Any] = {
        "model": base.model.model_copy(update={"sha256": "ba" * 32}),
        "plan": base.plan.model_copy(update={"id": "fedcba9876543210"}),
    }
    return example_report(**{**fields, **changed})


def worse_report() -> Report:
    """Three points more SDC at the highest rate, and an exact fault-free loss of one image."""
    rows = [*example_report().rates[:2], row(1e-5, 0.29)]
    golden = example_report().golden.model_copy(update={"value": 353 / 360})
    return newer(rates=rows, golden=golden)


def difference(
    old: Report | MapReport | None, new: Report | MapReport, **options: Any
) -> Difference:
    """The difference of two records, by way of files, always of the same time."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, "main.json"), Path(folder, "pr.json")]
        for path, record in zip(paths, (old, new), strict=True):
            if record is not None:
                path.write_text(record.model_dump_json(), "utf-8")
        request = DiffRequest(
            old=paths[0], new=paths[1], command="relcheck diff main.json pr.json", **options
        )
        found = diff_reports(request).record
    return found.model_copy(update={"started": "2025-01-02T03:04:05+00:00"})


def gated_difference() -> Difference:
    """A pass, a failure, an undecided one and a warning."""
    gate = (
        *("top1 >= A - 0.01 @ 1e-7", "sdc <= A @ 1e-5", "warn: due <= A + 0.001 @ 1e-5"),
        *("sdc <= 0.1 @ 1e-6", "top1 >= A - 0.06 @ 1e-6"),
    )
    return difference(example_report(), worse_report(), gate=gate)


def maps_difference() -> Difference:
    """Two maps; the new model has another tensor, and one that became worse."""
    base = example_map()
    tensors = [
        tensor("conv1.weight", 4608, 0.4, 0.9),
        tensor("=HYPERLINK(1)\x1b", 90, 0.001, 0.1),
        tensor("head.weight", 900, 0.05, 0.0),
    ]
    model = base.model.model_copy(update={"sha256": "ba" * 32})
    plan = base.plan.model_copy(update={"id": "fedcba9876543210"})
    return difference(base, example_map(tensors=tensors, model=model, plan=plan))


def unlike_difference() -> Difference:
    """Another runtime and other data, as was allowed; one rate without an estimate."""
    base = example_report()
    new = newer(
        tool=base.tool.model_copy(update={"onnxruntime": "1.32.0", "version": "0.2.0"}),
        data=base.data.model_copy(update={"name": "more.npz", "sha256": "dc" * 32}),
        rates=[row(1e-7, 0.0), unknown_row(1e-6), row(1e-4, 0.5, due=interval(0.1, 0.0, 0.2))],
    )
    return difference(base, new, across="runtime,data", tolerance=0.02)


def small_difference() -> Difference:
    """Nothing is told apart."""
    return difference(example_report(), newer())


def first_difference() -> Difference:
    """No baseline yet."""
    return difference(None, newer(), missing_baseline="pass")


def worse_difference() -> Difference:
    """One figure is worse."""
    return difference(example_report(), worse_report())


DIFFERENCES = {
    "first": first_difference,
    "gated": gated_difference,
    "maps": maps_difference,
    "same": small_difference,
    "unlike": unlike_difference,
    "worse": worse_difference,
}
