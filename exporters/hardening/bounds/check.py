"""Postconditions of bounds: every site is bounded as was said, and nothing else has changed."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

import numpy as np
import onnx
from google.protobuf.message import Message
from onnx import helper

from analyzer.errors import NotEnsured, quoted
from analyzer.graph.index import Index, index_of, operator
from exporters.hardening.bounds.find import find_bounds, without_bounds
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.interface import Applied, Change


def check_clips(before: onnx.ModelProto, change: Change) -> None:
    """Check that a graph is, without its clipping bounds, the original, node for node.

    Args:
        before: the model without bounds.
        change: the model with bounds, and their list.

    Raises:
        NotEnsured: a bound is missing, or something else is not as it was.
    """
    had = {bound.site.value for bound in find_bounds(before)}
    found = tuple(b for b in find_bounds(change.proto) if b.site.value not in had)
    stored = {bound.site.value: (bound.threshold, bound.site.dtype) for bound in found}
    for place in change.applied:
        threshold, dtype = stored.get(place.value, (None, 0))
        if threshold is None or not _same(threshold, place.bound, dtype):
            raise NotEnsured(f"{quoted(place.value)} is not bounded as the report says")
    if len(found) != len(change.applied):
        raise NotEnsured("the graph has bounds that the report does not list")
    plain = without_bounds(change.proto, found)
    _check_parts(before.graph.node, plain.graph.node, "node")
    _check_parts(before.graph.initializer, plain.graph.initializer, "stored tensor")


def check_clamps(before: onnx.ModelProto, change: Change, replaces_relu: bool = False) -> None:
    """Check that every site is the result of a Clip with its limits, and other nodes as they were.

    Args:
        before: the model without bounds.
        change: the model with bounds, and their list.
        replaces_relu: True if a Relu may have become the Clip itself.

    Raises:
        NotEnsured: a bound is missing, or something else is not as it was.
    """
    old, new = index_of(before), index_of(change.proto)
    for place in change.applied:
        _check_clamp(place, old, new, replaces_relu)
    sites = {place.value for place in change.applied}
    untouched = [node for node in before.graph.node if not sites.intersection(node.output)]
    after = {tuple(node.output): node for node in change.proto.graph.node}
    _check_parts(
        untouched, [after[tuple(n.output)] for n in untouched if tuple(n.output) in after], "node"
    )
    names = {tensor.name for tensor in before.graph.initializer}
    kept = [t for t in change.proto.graph.initializer if t.name in names]
    _check_parts(before.graph.initializer, kept, "stored tensor")


def _check_clamp(place: Applied, old: Index, new: Index, replaces_relu: bool) -> None:
    clip, was = new.made_by(place.value, "Clip"), old.producers[place.value]
    if clip is None or place.bound is None:
        raise NotEnsured(f"{quoted(place.value)} is not the result of a Clip")
    low, high = (new.scalar(name) for name in [*clip.input[1:3], "", ""][:2])
    narrowed = operator(was) == "Clip" and clip.input[0] == was.input[0]
    replaced = replaces_relu and operator(was) == "Relu"
    lowest = 0.0 if replaced else place.bound.low
    dtype = new.constants[clip.input[2]].data_type
    within = high is not None and high <= _rounded(place.bound.high, dtype)
    exact = high == _rounded(place.bound.high, dtype)
    if not (within if narrowed else exact):
        raise NotEnsured(f"{quoted(place.value)} does not end at its upper bound")
    if lowest is not None and (low is None or low < _rounded(lowest, dtype)):
        raise NotEnsured(f"{quoted(place.value)} does not end at its lower bound")
    if not narrowed and not replaced:
        maker = new.producers.get(clip.input[0])
        if maker is None or operator(maker) != operator(was) or maker.input != was.input:
            raise NotEnsured(f"{quoted(place.value)} is not bounded behind its own operator")


def _check_parts(old: Iterable[Message], new: Iterable[Message], what: str) -> None:
    """Refuse lists of parts of which one is not, byte for byte, the other."""
    # One by one: the bytes of all tensors together may exceed the memory.
    for before, after in zip_longest(old, new):
        if before is None or after is None or _bytes(before) != _bytes(after):
            raise NotEnsured(f"hardening has changed a {what} that has nothing to do with a bound")


def _bytes(part: Message) -> bytes:
    return bytes(part.SerializeToString(deterministic=True))


def _same(stored: Threshold, said: Threshold | None, dtype: int) -> bool:
    if said is None:
        return False
    pairs: Sequence[tuple[float | None, float | None]] = (
        (stored.low, said.low),
        (stored.high, said.high),
    )
    return all(a == (None if b is None else _rounded(b, dtype)) for a, b in pairs)


def _rounded(value: float, dtype: int) -> float:
    """``value`` as an element type holds it."""
    return float(np.asarray(value).astype(helper.tensor_dtype_to_np_dtype(dtype)))
