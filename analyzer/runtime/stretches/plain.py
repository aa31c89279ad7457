"""Stretches as plain sessions on the live weights: the way that every model can take."""

from collections.abc import Mapping

from analyzer.runtime.stretches.cuts import Cut, made_between, part_between
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.profile import Profile
from analyzer.runtime.stretches.sessions import Link, SessionPart, element_types, session_part
from analyzer.runtime.stretches.strategy import LiveModel, Offer


class PlainStretches:
    """Any stretch of the graph as one session that reads the live weights."""

    whole = False
    followers = ()
    description = "plain sessions"

    def __init__(self, model: LiveModel) -> None:
        """Nothing is opened yet."""
        self._model = model

    def between(
        self, begin: Cut, end: Cut, golden: Arrays, outputs: tuple[str, ...]
    ) -> SessionPart:
        """As in `Stretches`."""
        types = element_types(golden, list(begin.values))
        part = part_between(self._model.stripped, begin, end.position, outputs, types)
        return session_part(part, self._model.ort_values)

    def links(self) -> Mapping[int, tuple[int, Link]]:
        """None: such sessions are opened where they are needed."""
        return {}


def plain_offer(model: LiveModel, profile: Profile) -> Offer:
    """The cost of plain sessions: what the profile says.

    Args:
        model: the optimized graph and its live weights.
        profile: of its nodes.
    """
    return Offer(profile.seconds, lambda _cuts, _sample: PlainStretches(model))


def returned_between(model: LiveModel, begin: Cut, end: Cut) -> tuple[str, ...]:
    """Names of the values made between two cuts that are read or returned behind them.

    Args:
        model: the optimized graph.
        begin: before the first node.
        end: behind the last one.
    """
    made = made_between(model.stripped.graph, begin.position, end.position)
    wanted = (*end.values, *model.outputs)
    return tuple(dict.fromkeys(name for name in wanted if name in made))
