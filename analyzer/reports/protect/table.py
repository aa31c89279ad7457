"""A protection plan as a table for other programs: one row per tensor."""

from analyzer.reports.protect.record import ProtectionPlanReport
from analyzer.reports.tables import Row


def plan_rows(report: ProtectionPlanReport) -> list[Row]:
    """One row per tensor, in the order of the file; bit positions are joined by spaces."""
    return [
        {
            "region": part.region,
            "tensor": part.tensor,
            "bits": part.bits,
            "scheme": part.scheme,
            "positions": " ".join(map(str, part.positions)),
            "check_bits": part.check_bits,
            "sdc_before": part.sdc_before,
            "sdc_after": part.sdc_after,
            "due_before": part.due_before,
            "due_after": part.due_after,
        }
        for part in report.tensors
    ]
