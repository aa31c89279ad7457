"""The number of every bit: tensor by tensor, element by element, bit 0 first."""

from dataclasses import dataclass

from analyzer.faults.elements import ELEMENT_TYPES, codec_for
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from analyzer.known_answers.records import KnownAnswer, exactly

Tensor = tuple[str, tuple[int, ...]]
"""Element type and shape."""


@dataclass(frozen=True, slots=True)
class SiteNumber(KnownAnswer):
    """The place of one numbered bit.

    Attributes:
        tensors: The tensors at risk.
        encoding: How they are held.
        site: The number.
        place: (tensor, element, bit), all counted from 0.
        total: Bits at risk.
    """

    tensors: tuple[Tensor, ...]
    encoding: str
    site: int
    place: tuple[int, int, int]
    total: int

    @property
    def given(self) -> str:
        """The question in words."""
        names = ", ".join(f"{element} {list(shape)}" for element, shape in self.tensors)
        return f"bit number {self.site} of {names}, {self.encoding}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _words(self.place, self.site, self.total)


def _words(place: tuple[int, int, int], site: int, total: int) -> str:
    tensor, element, bit = place
    return f"tensor {tensor}, element {element}, bit {bit}, and back: {site}; of {total} bits"


def _find(asked: SiteNumber) -> str:
    sites = []
    for number, (name, shape) in enumerate(asked.tensors):
        codec = codec_for(asked.encoding, ELEMENT_TYPES[name])
        sites.append(TensorSite(str(number), Kind.WEIGHT, shape, codec, name))
    space = FaultSpace(tuple(sites))
    return _words(space.locate(asked.site), space.site(*asked.place), space.bits)


_MIXED: tuple[Tensor, ...] = (("int4", (3,)), ("float16", (2, 2)), ("int8", ()))

ANSWERS = (
    SiteNumber(
        "KA-441",
        "R-5",
        "3 * 4 = 12 bits, then 4 * 16 = 64, then 8: 84 in all. 11 = 2 * 4 + 3.",
        _MIXED,
        "stored",
        11,
        (0, 2, 3),
        84,
    ),
    SiteNumber(
        "KA-442",
        "R-5",
        "12 is the first bit after the first tensor's twelve.",
        _MIXED,
        "stored",
        12,
        (1, 0, 0),
        84,
    ),
    SiteNumber(
        "KA-443",
        "R-5",
        "75 - 12 = 63 = 3 * 16 + 15: the last bit of the second tensor.",
        _MIXED,
        "stored",
        75,
        (1, 3, 15),
        84,
    ),
    SiteNumber(
        "KA-444",
        "R-5",
        "83 - 12 - 64 = 7: the sign of the one int8 element, and the last bit of all.",
        _MIXED,
        "stored",
        83,
        (2, 0, 7),
        84,
    ),
    SiteNumber(
        "KA-445",
        "R-5",
        "q15.16 holds float16 in 32 bits and integers as stored: 12 + 128 + 8 = 148. "
        "12 + 2 * 32 + 31 = 107.",
        _MIXED,
        "q15.16",
        107,
        (1, 2, 31),
        148,
    ),
    SiteNumber(
        "KA-446",
        "R-5",
        "More bits than 32-bit numbers count: 2^29 * 32 = 17179869184; the last has the number "
        "before that.",
        (("float32", (65536, 8192)),),
        "stored",
        17179869183,
        (0, 536870911, 31),
        17179869184,
    ),
)

check_numbering = exactly(_find)
