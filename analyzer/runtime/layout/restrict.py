"""Restrictions of a layout: tensors that cannot be faulted in place after all are reloaded."""

from collections.abc import Sequence
from dataclasses import replace

from analyzer.answers import Feeds
from analyzer.runtime.layout.layout import Layout, Route, whole_folds
from analyzer.runtime.layout.read_every_run import SessionOpener, unread_slots

OTHER_ANSWER = "the live session's golden answer differs from that of the loaded file"
FOLDED_WITH_OTHERS = "ONNX Runtime folds it into a tensor with others that are reloaded"
NO_LAYOUT = "this device's provider may keep a weight of its own"


def reload_all(layout: Layout, reason: str = OTHER_ANSWER) -> Layout:
    """The layout with every tensor reloaded.

    Args:
        layout: the layout that was found.
        reason: the reason, as a sentence without its end.
    """
    names = list(layout.routes)
    return Layout(
        layout.optimized, dict.fromkeys(names, Route.RELOAD), dict.fromkeys(names, reason), {}
    )


def reload_also(layout: Layout, reasons: dict[str, str]) -> Layout:
    """The layout with further tensors, which are reloaded.

    Args:
        layout: the layout that was found.
        reasons: the reason for each further tensor.
    """
    if not reasons:
        return layout
    routes = layout.routes | dict.fromkeys(reasons, Route.RELOAD)
    return replace(layout, routes=routes, reasons=layout.reasons | reasons)


def routes_of(layout: Layout | None, names: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The route of each tensor in words, and the reason for each that is reloaded.

    Args:
        layout: the layout; None: the executor has none, and reloads all tensors.
        names: the tensors at risk.
    """
    if layout is None:
        return dict.fromkeys(names, str(Route.RELOAD)), dict.fromkeys(names, NO_LAYOUT)
    return {name: str(route) for name, route in layout.routes.items()}, layout.reasons


def reload_unread(layout: Layout, sample: Feeds, open_live: SessionOpener) -> Layout:
    """The layout with a reload for tensors in slots that ONNX Runtime does not read at each run.

    Args:
        layout: the layout that was found.
        sample: one batch.
        open_live: opens a session that reads given buffers.
    """
    return reload_slots(layout, unread_slots(layout.optimized, layout.slots, sample, open_live))


def reload_slots(layout: Layout, slots: dict[str, str]) -> Layout:
    """The layout with a reload for tensors that stand in any of ``slots``.

    Args:
        layout: the layout that was found.
        slots: the reason why a slot is not to be mutated, by slot.
    """
    if not slots:
        return layout
    routes, reasons = dict(layout.routes), dict(layout.reasons)
    for name in layout.routes:
        hidden = sorted(layout.slots_of(name) & slots.keys())
        if hidden:
            routes[name], reasons[name] = Route.RELOAD, slots[hidden[0]]
    live = [name for name, route in routes.items() if route is not Route.RELOAD]
    fixed = frozenset[str]().union(*(f.tensors for f in layout.folds)) - routes.keys()
    clean, folds = whole_folds(live, layout.folds, fixed)
    for name in {*live} - clean:
        routes[name], reasons[name] = Route.RELOAD, FOLDED_WITH_OTHERS
    places = {n: p for n, p in layout.places.items() if not slots.keys() & {i.slot for i in p}}
    return replace(layout, routes=routes, reasons=reasons, places=places, folds=tuple(folds))
