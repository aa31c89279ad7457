"""Postconditions of every mitigation: the model stays the same to those who use it."""

import hashlib
from collections.abc import Iterable

import onnx
from google.protobuf.message import Message

from analyzer.errors import NotEnsured, quoted
from analyzer.graph.index import all_names
from exporters.hardening.interface import Change
from exporters.hardening.subject import Subject


def fingerprint(proto: onnx.ModelProto) -> bytes:
    """A digest of nodes and stored tensors, part by part: models above 2 GiB have no bytes."""
    sha = hashlib.sha256()
    for part in (*proto.graph.node, *proto.graph.initializer, *proto.metadata_props):
        sha.update(part.SerializeToString(deterministic=True))
    return sha.digest()


def ensured_by_all(name: str, subject: Subject, change: Change) -> None:
    """Check the promises that every mitigation makes.

    Inputs and outputs keep their names, types and order, and metadata of others stay, so that the
    hardened model takes the place of the original. Something was changed, and each place that is
    said to be changed is in the graph.

    Args:
        name: word of the mitigation.
        subject: the model before.
        change: the result.

    Raises:
        NotEnsured: a promise is broken.
    """
    before, after = subject.proto, change.proto
    for field in ("input", "output"):
        old, new = (_signature(getattr(p.graph, field)) for p in (before, after))
        if old != new:
            raise NotEnsured(f"{name} has changed the {field}s of {subject.path}")
    kept = {(p.key, p.value) for p in after.metadata_props}
    lost = [p.key for p in before.metadata_props if (p.key, p.value) not in kept]
    if lost:
        raise NotEnsured(f"{name} has dropped the metadata entry {quoted(lost[0])}")
    if after.functions:
        raise NotEnsured(f"{name} has left local functions in the model")
    missing = {place.value for place in change.applied} - all_names(after.graph)
    if missing:
        raise NotEnsured(f"{name} names {quoted(min(missing))}, which is not in the hardened model")
    if not change.applied:
        raise NotEnsured(f"{name} has changed nothing")


def _signature(values: Iterable[Message]) -> list[bytes]:
    return [value.SerializeToString(deterministic=True) for value in values]
