"""The text of `relcheck inspect`: the fault space, tensor by tensor."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence

from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.model import Model
from analyzer.reports.shared.number_format import percent, si
from analyzer.reports.shared.terminal_text import COLUMNS, columns, one_line, short_names, wrapped

LISTED = 30
"""Most characters of a name in a list."""

USUAL_NAME, KIND, OTHERS = 32, 11, 37
"""Columns of a line for the name of the tensor, for its kind, and for all that follows. Narrow
pages leave the kind out."""


def _name_width(names: Sequence[str]) -> int:
    """Characters of a name, with the gap behind it: on wide pages, what the longest one needs.

    Args:
        names: of the tensors.
    """
    room = columns() - OTHERS - _kind_width()
    return min(room, max([USUAL_NAME, *(len(name) + 2 for name in names)]))


def _kind_width() -> int:
    return KIND if columns() >= COLUMNS else 0


def fault_space_text(
    model: Model,
    space: FaultSpace,
    routes: Mapping[str, str],
    reasons: Mapping[str, str],
    accelerations: Sequence[tuple[str, bool, str]] = (),
    notes: Sequence[str] = (),
    shown: Sequence[TensorSite] | None = None,
) -> str:
    """The tensors at risk with their share of the bits and their route, then the others.

    Args:
        model: the ONNX file.
        space: its bits at risk.
        routes: tensor name -> the way in which the engine faults it; empty if the engine was not
            asked.
        reasons: tensor name -> the reason why it is not faulted in place.
        accelerations: of each: its name, true if it is in force, and the reason.
        notes: sentences on how the model runs.
        shown: the tensors that are listed, in this order; None: all, as the file has them.
    """
    listed = space.tensors if shown is None else shown
    width, kind = _name_width([tensor.name for tensor in listed]), _kind_width()
    lines = [
        *wrapped([f"{model.path.name}: opset {model.opset}, input {model.signature}"], "  "),
        f"{si(space.bits)} bits at risk in {len(space.tensors)} tensors, "
        f"{si(space.parameters)} values",
        *_share_left_out(model),
        "",
        *_kinds(space),
        "",
        f"{'tensor':<{width}}{'kind':<{kind}.{kind}}{'type':<10}{'bits':>8}{'share %':>9}  route",
        "─" * (width + kind + OTHERS),
    ]
    short = short_names((tensor.name for tensor in listed), width - 2)
    for tensor in listed:
        share = percent(tensor.bits / space.bits)
        names = [part.name for part in tensor.parts] or [tensor.name]
        route = ", ".join(sorted({routes.get(name, "-") for name in names}))
        lines.append(
            f"{short[tensor.name]:<{width}}{tensor.kind:<{kind}.{kind}}{tensor.dtype:<10}"
            f"{si(tensor.bits):>8}{share:>9}  {route}"
        )
    lines += _rest(space, listed) + _sharing(space)
    lines += _why_not_in_place(reasons) + _accelerations(accelerations)
    for note in notes:
        lines += ["", *textwrap.wrap(f"Note: {note}", columns())]
    lines += _out_of_scope(model, space)
    return "\n".join(map(one_line, lines)) + "\n"


def _rest(space: FaultSpace, listed: Sequence[TensorSite]) -> list[str]:
    """A line on the tensors that are not listed."""
    count = len(space.tensors) - len(listed)
    if not count:
        return []
    bits = space.bits - sum(tensor.bits for tensor in listed)
    return [f"and {count} more tensors with {si(bits)} bits ({percent(bits / space.bits)} %)"]


def _kinds(space: FaultSpace) -> list[str]:
    totals: dict[str, tuple[int, int]] = {}
    for tensor in space.tensors:
        count, bits = totals.get(tensor.kind, (0, 0))
        totals[tensor.kind] = (count + 1, bits + tensor.bits)
    return [
        f"  {kind:<11}{count:>5} tensors {si(bits):>9} bits  {percent(bits / space.bits):>6} %"
        for kind, (count, bits) in totals.items()
    ]


def _why_not_in_place(reasons: Mapping[str, str]) -> list[str]:
    if not reasons:
        return []
    head = ["", "Faulted by loading the changed file anew (exact, but slower):"]
    told = (f"  {count} tensors: {reason}" for reason, count in Counter(reasons.values()).items())
    return head + wrapped(told, "      ")


def _sharing(space: FaultSpace) -> list[str]:
    if not space.aliases:
        return []
    lines = ["", "On the same bytes of a file (each byte is one fault site, counted once):"]
    for owner, others in space.sharing:
        lines += wrapped([f"  {owner}: an upset there hits {', '.join(others)}"], "      ")
    return lines


def _accelerations(states: Sequence[tuple[str, bool, str]]) -> list[str]:
    if not states:
        return []
    lines = ["", "Accelerations (no answer depends on them; docs/engine.md):"]
    for name, in_force, reason in states:
        lines += [f"  {name:<22}{'in force' if in_force else 'not in force'}"]
        lines += textwrap.wrap(
            reason, columns() - 4, initial_indent="      ", subsequent_indent="      "
        )
    return lines


def _share_left_out(model: Model) -> list[str]:
    bits, share = model.inventory.bits_left_out, model.inventory.share_left_out
    return [f"{si(bits)} stored bits ({percent(share)} %) are out of scope"] if bits else []


def _out_of_scope(model: Model, space: FaultSpace) -> list[str]:
    exposed = {t.name for t in space.members}
    left: list[tuple[str, str, int]] = [
        (o.name, o.reason, o.bits) for o in model.inventory.out_of_scope
    ]
    left += [
        (t.name, "not selected by --include, --exclude, --kinds", t.values.size * t.element.bits)
        for t in model.inventory.at_risk
        if t.name not in exposed
    ]
    if not left:
        return ["", "Nothing stored in the file is out of scope."]
    return ["", "Out of scope:", *_grouped(left)]


def _grouped(left: Sequence[tuple[str, str, int]]) -> list[str]:
    reasons: dict[str, list[tuple[str, int]]] = {}
    for name, reason, bits in left:
        reasons.setdefault(reason, []).append((name, bits))
    lines = []
    for reason, found in reasons.items():
        names = short_names((n for n, _ in found[:3]), LISTED)
        shown = ", ".join(names.values()) + (", …" if len(found) > 3 else "")
        total = si(sum(bits for _, bits in found))
        lines += wrapped([f"  {len(found)}: {reason}; {total} bits"], "      ")
        lines += wrapped([f"      {shown}"], "      ")
    return lines
