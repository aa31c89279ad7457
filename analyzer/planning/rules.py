"""A choice for each tensor as a protection, in the form in which ``--protect`` writes it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from analyzer.faults.protections.grammar import parse_protection
from analyzer.faults.protections.plan import Chosen, ProtectionPlan, Rule
from analyzer.faults.protections.protection import Protection
from analyzer.faults.protections.scheme import Scheme
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.planning.menu import Choice

_TERM = re.compile(r"(kind|type|bits)=")


class Wanted(NamedTuple):
    """The tensors that share a scheme and bit positions.

    Attributes:
        scheme: The scheme.
        positions: Bit positions; empty: all.
        tensors: Indices of the tensors.
    """

    scheme: Scheme
    positions: tuple[int, ...]
    tensors: list[int]


def protection_of(space: FaultSpace, choices: Sequence[Choice]) -> Protection:
    """The protection that gives each tensor what was chosen for it, and nothing else.

    Args:
        space: the bits at risk.
        choices: one per tensor.
    """
    rules = [
        Rule(group.scheme, Chosen(*where, bits=group.positions))
        for group in _groups(space, choices)
        for where in [_where(space, group)]
    ]
    if not rules:
        return parse_protection("none")
    return parse_protection(ProtectionPlan(tuple(rules)).name)


def _groups(space: FaultSpace, choices: Sequence[Choice]) -> list[Wanted]:
    """Tensors by what was chosen, in the order of the file."""
    found: dict[tuple[str, tuple[int, ...]], Wanted] = {}
    for index, (tensor, choice) in enumerate(zip(space.tensors, choices, strict=True)):
        if choice.scheme is None:
            continue
        whole = len(choice.positions) == tensor.codec.bits
        positions = () if whole else choice.positions
        key = (str(choice.scheme), positions)
        found.setdefault(key, Wanted(choice.scheme, positions, [])).tensors.append(index)
    return list(found.values())


Where = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Name globs, kinds and types of a rule."""


def _where(space: FaultSpace, group: Wanted) -> Where:
    """The shortest description of the tensors of a group.

    Everything, a type or a kind, if that takes no tensor for which something else was chosen; else
    their names.
    """
    mine = set(group.tensors)
    tensors = [space.tensors[index] for index in group.tensors]
    kinds = tuple(dict.fromkeys(t.kind.value for t in tensors))
    dtypes = tuple(dict.fromkeys(t.dtype for t in tensors))
    shapes: list[Where] = [((), (), ()), ((), (), dtypes), ((), kinds, ()), ((), kinds, dtypes)]
    for names, kind, dtype in shapes:
        chosen = Chosen(names, kind, dtype, group.positions)
        taken = {i for i, t in enumerate(space.tensors) if t.bits and chosen.takes(t)}
        if taken <= mine:
            return names, kind, dtype
    return tuple(glob_of(tensor) for tensor in tensors), (), ()


def glob_of(tensor: TensorSite) -> str:
    """A glob that matches the name of a tensor and, if that can be, no other.

    Characters that mean something in rules are written as ``?``, which stands for any.

    >>> from analyzer.faults.elements import ELEMENT_TYPES, StoredCodec
    >>> from analyzer.faults.space import Kind
    >>> float32 = StoredCodec(ELEMENT_TYPES["float32"])
    >>> site = TensorSite("a+b[0]", Kind.WEIGHT, (1,), float32, "float32")
    >>> glob_of(site)
    'a?b[[]0]'
    """
    text = re.sub(r"[,+]", "?", tensor.name)
    text = re.sub(r"[\[*]", lambda match: f"[{match[0]}]", text)
    text = re.sub(r"^\s|\s$", "?", text)
    return f"?{text[1:]}" if _TERM.match(text) or not text else text
