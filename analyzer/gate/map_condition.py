"""Conditions on a vulnerability map: what one upset may do, anywhere or in a part of the memory."""

import re
from dataclasses import dataclass, replace

from analyzer.errors import BadGate
from analyzer.gate.condition import HARMFUL, WARN, Condition, Level, check_direction, parse_gate

_FORM = re.compile(r"(.*?)(?:@\s*(?:bits\s*=\s*([\w-]+)|(\S.*?)))?\s*", re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
EXAMPLE = (
    "write it like 'sdc <= 1e-3' (an upset anywhere), 'sdc <= 0.01 @ conv1.*' (in each such "
    "tensor) or 'sdc <= 0.1 @ bits=exponent' (bits=30, bits=23-30)"
)
ANY_RATE = 0.5
"""In the place of a bit error rate, which a map does not have."""


@dataclass(frozen=True, slots=True)
class MapCondition:
    """One requirement: at most so much SDC, DUE or critical SDC of one upset.

    Attributes:
        metric: ``sdc``, ``due`` or ``critical_sdc``.
        bound: The most of it, a fraction.
        tensors: Glob of the tensors, each of which must meet it; empty: the whole memory.
        bits: Bit positions, each of which must meet it: a number, a range or a field's name.
        level: Error or warning.
    """

    metric: str
    bound: float
    tensors: str = ""
    bits: str = ""
    level: Level = Level.ERROR

    def __str__(self) -> str:
        """The form in which it is written."""
        where = (
            f" @ bits={self.bits}" if self.bits else f" @ {self.tensors}" if self.tensors else ""
        )
        warn = WARN if self.level is Level.WARNING else ""
        return f"{warn}{self.metric} <= {repr(self.bound).removesuffix('.0')}{where}"

    @property
    def id(self) -> str:
        """The name by which a waiver knows it: its form, without the level."""
        return str(self).removeprefix(WARN)

    @property
    def plain(self) -> Condition:
        """The same as a condition of a sweep, which judges intervals."""
        return Condition(self.metric, False, self.bound, ANY_RATE, self.level)

    def takes_bit(self, bit: int, field: str) -> bool:
        """True if it is on a bit position.

        Args:
            bit: number of the position, 0 the lowest.
            field: of the number to which it belongs, such as ``exponent``.

        >>> MapCondition("sdc", 0.1, bits="23-30").takes_bit(30, "exponent")
        True
        """
        found = _RANGE.fullmatch(self.bits)
        if found is None:
            return self.bits == field
        return int(found[1]) <= bit <= int(found[2] or found[1])


def parse_map_gate(text: str) -> MapCondition:
    """Read one condition on a map.

    Raises:
        BadGate: it cannot be read, is on another figure than `HARMFUL` has, or rewards harm.

    >>> str(parse_map_gate("SDC<=1% @ conv*"))
    'sdc <= 0.01 @ conv*'
    >>> str(parse_map_gate("warn: due <= 0.1 @ bits=Exponent"))
    'warn: due <= 0.1 @ bits=exponent'
    """
    form = _FORM.fullmatch(text)
    assert form is not None, "its first part takes anything"
    figure, bits, tensors = form.groups()
    try:
        plain = parse_gate(f"{figure} @ {ANY_RATE}")
    except BadGate as error:
        said = str(error).replace(f"{figure} @ {ANY_RATE}", text)
        raise BadGate(said.partition("; write it like")[0] + f"; {EXAMPLE}") from error
    if plain.metric not in HARMFUL:
        known = ", ".join(HARMFUL)
        raise BadGate(f"gate {text!r}: a map has no {plain.metric}, but {known}; {EXAMPLE}")
    check_direction(text, plain.metric, plain.at_least)
    found = MapCondition(plain.metric, plain.bound, level=plain.level)
    return replace(found, tensors=(tensors or "").strip(), bits=(bits or "").lower())
