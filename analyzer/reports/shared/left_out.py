"""The stored bits that no fault hits, as a part of reports and as sentences."""

from analyzer.gate import MOST
from analyzer.model import Inventory
from analyzer.reports.shared.number_format import percent, si
from analyzer.reports.shared.records import LeftOutPart, ModelPart

WORTH_SAYING = 0.01
"""Share of the stored bits from which on it stands above the table."""

MOST_REASONS = 3
"""Reasons that are named above the table; all of them are in the JSON report."""


def left_out_parts(inventory: Inventory) -> list[LeftOutPart]:
    """Stored bits that are out of scope and read by something, by reason, the most bits first."""
    found: dict[str, tuple[int, int]] = {}
    for tensor in inventory.out_of_scope:
        if tensor.read:
            count, bits = found.get(tensor.reason, (0, 0))
            found[tensor.reason] = (count + 1, bits + tensor.bits)
    parts = [LeftOutPart(reason=r, tensors=n, bits=b) for r, (n, b) in found.items()]
    return sorted(parts, key=lambda part: -part.bits)


def left_out_sentences(model: ModelPart) -> list[str]:
    """Sentences above the table of a report; none where little is out of scope.

    Args:
        model: the model that was analyzed.
    """
    if model.share_out_of_scope <= WORTH_SAYING:
        return []
    tensors = sum(part.tensors for part in model.out_of_scope)
    reasons = "; ".join(part.reason for part in model.out_of_scope[:MOST_REASONS])
    return [
        f"NOT AT RISK HERE: {percent(model.share_out_of_scope)} % of the stored bits of "
        f"{model.path} ({si(model.bits_out_of_scope)} bits, {tensors} "
        f"{'tensor' if tensors == 1 else 'tensors'}): {reasons}."
    ]


def gate_scope(model: ModelPart) -> str:
    """A sentence on bits that a gate's verdict leaves out; empty where they are few.

    Args:
        model: the model that was analyzed.
    """
    share = model.share_out_of_scope
    if share > MOST:
        return (
            f"{percent(share)} % of the stored bits are not at risk here, so that no condition "
            "can pass."
        )
    if share > WORTH_SAYING:
        return f"The verdict does not speak of {percent(share)} % of the stored bits."
    return ""
