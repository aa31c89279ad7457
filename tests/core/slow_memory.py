"""Protected memories bit by bit: no masks, no syndromes of flips, one plain list of bits per word.

Everything is held, encoded anew and decoded word by word from definitions: the reference that
the vectorized decoders are compared with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.faults.elements import ELEMENT_TYPES, Values
from analyzer.faults.models import FaultPattern
from analyzer.faults.protections.crc import GENERATOR
from analyzer.faults.protections.secded import check_bits, hsiao_columns
from analyzer.faults.space import FaultSpace

Bits = list[int]


@dataclass
class Read:
    """One word as it is read.

    Attributes:
        data: Its data bits.
        detected: Whether an error was found that was not corrected.
    """

    data: Bits
    detected: bool = False


class Parity:
    """The number of ones is even."""

    def __init__(self, data: int, action: str) -> None:
        self.data, self.action, self.checks = data, action, 1

    def encode(self, data: Bits) -> Bits:
        """The parity bit."""
        return [sum(data) % 2]

    def decode(self, data: Bits, checks: Bits) -> Read:
        """Compare."""
        return Read(data, self.encode(data) != checks)


class Crc(Parity):
    """Long division, bit by bit."""

    def __init__(self, data: int, action: str) -> None:
        super().__init__(data, action)
        self.checks = 32

    def encode(self, data: Bits) -> Bits:
        """The remainder, lowest power first; bit 0 of the data is the highest power."""
        left = [*data, *[0] * (self.data - len(data)), *[0] * 32]
        generator = [1, *((GENERATOR >> place) & 1 for place in range(31, -1, -1))]
        for i in range(self.data):
            if left[i]:
                for j, bit in enumerate(generator):
                    left[i + j] ^= bit
        return left[:-33:-1]


class Secded(Parity):
    """Each check bit is the parity of some data bits; one wrong bit is looked for and tried."""

    def __init__(self, data: int, action: str) -> None:
        super().__init__(data, action)
        self.checks = check_bits(data)

    def encode(self, data: Bits) -> Bits:
        """Parities by row."""
        columns = hsiao_columns(self.data)
        return [
            sum(bit for bit, column in zip(data, columns, strict=False) if column >> row & 1) % 2
            for row in range(self.checks)
        ]

    def decode(self, data: Bits, checks: Bits) -> Read:
        """Right as it is, right with one bit changed, or detected."""
        if self.encode(data) == checks:
            return Read(data)
        for place in range(len(data)):
            tried = [bit ^ (place == i) for i, bit in enumerate(data)]
            if self.encode(tried) == checks:
                return Read(tried)
        apart = sum(a != b for a, b in zip(self.encode(data), checks, strict=True))
        return Read(data, apart != 1)


class Tmr(Parity):
    """Words of one bit, with two copies."""

    def __init__(self) -> None:
        super().__init__(1, "stop")
        self.checks = 2

    def encode(self, data: Bits) -> Bits:
        """Copies."""
        return data * 2

    def decode(self, data: Bits, checks: Bits) -> Read:
        """The majority."""
        return Read([int(sum(data + checks) > 1)])


def hit_bits(space: FaultSpace, held: Bits, pattern: FaultPattern) -> Bits:
    """All bits of a memory after a pattern, upset by upset."""
    after = list(held)
    for number, site in enumerate(pattern.sites.tolist()):
        tensor, element, bit = space.locate(site)
        where = space.tensors[tensor]
        width, first = where.codec.bits, int(space.offsets[tensor])
        inside = element * width + bit
        fault = pattern.fault_of(number)
        for place in fault.footprint.positions(inside, width, where.bits):
            becomes = fault.kind.becomes
            after[first + place] = becomes.one if after[first + place] else becomes.zero
    return after


def data_bits(space: FaultSpace, values: Mapping[str, Values]) -> Bits:
    """The bits of all tensors, as serialized."""
    found = []
    for tensor in space.tensors:
        for code in tensor.codec.encode(values[tensor.name].reshape(-1)).tolist():
            found += [code >> bit & 1 for bit in range(tensor.codec.bits)]
    return found


@dataclass
class Outcome:
    """What a slow memory found: data bits that are read, corrections, detections."""

    read: Bits
    corrections: int = 0
    detections: int = 0
    announced: bool = False


@dataclass
class SlowMemory:
    """Some bits of some tensors in words, check bits behind all data.

    Attributes:
        data: The bits that are read.
        values: Their golden values.
        code: Of every word.
        positions: By tensor, the bit positions that are protected.
    """

    data: FaultSpace
    values: Mapping[str, Values]
    code: Parity
    positions: Sequence[Sequence[int]]

    def words(self) -> list[list[int]]:
        """Data sites of every word."""
        found = []
        for index, tensor in enumerate(self.data.tensors):
            mine = [
                self.data.site(index, element, bit)
                for element in range(tensor.elements)
                for bit in self.positions[index]
            ]
            step = self.code.data
            found += [mine[i : i + step] for i in range(0, len(mine), step)]
        return found

    def read(self, space: FaultSpace, pattern: FaultPattern) -> Outcome:
        """Encode, hit, decode."""
        golden, words = data_bits(self.data, self.values), self.words()
        checks = [self.code.encode([golden[site] for site in word]) for word in words]
        copies = isinstance(self.code, Tmr)  # all second copies first, then all third ones
        order = [(w, c) for w in range(len(words)) for c in range(self.code.checks)]
        if copies:
            order.sort(key=lambda place: place[1])
        written = golden + [checks[w][c] for w, c in order]
        held = hit_bits(space, written, pattern)
        at = {place: self.data.bits + i for i, place in enumerate(order)}
        found = Outcome(held[: self.data.bits])
        for number, word in enumerate(words):
            places = [at[number, c] for c in range(self.code.checks)]
            touched = any(held[i] != written[i] for i in [*word, *places])
            if touched:
                self._word(found, word, held, golden, places)
        return found

    def _word(
        self, found: Outcome, word: list[int], held: Bits, golden: Bits, places: list[int]
    ) -> None:
        meant = [golden[site] for site in word]
        read = self.code.decode([held[site] for site in word], [held[i] for i in places])
        if read.detected and self.code.action == "reload":
            read = Read(meant)
        elif read.detected and self.code.action == "zero":
            read = Read([0] * len(word), [0] * len(word) != meant)
        for site, bit in zip(word, read.data, strict=True):
            found.read[site] = bit
        found.detections += read.detected
        found.announced |= read.detected and self.code.action == "stop"
        found.corrections += read.data == meant and not read.detected


def in_place(name: str, code: int, dtype: str) -> tuple[int, int]:
    """What MSET or CEP makes of one stored element: the bits held, then those read of any bits.

    Args:
        name: ``mset``, or ``cep:N``.
        code: bits of the element, as held where they are to be read.
        dtype: of the element.

    Returns:
        The bits that encoding makes of ``code``, and those that decoding makes of it.
    """
    width = ELEMENT_TYPES[dtype].bits
    bits = [code >> place & 1 for place in range(width)]
    held, read = list(bits), list(bits)
    if name == "mset":
        held[0] = held[1] = bits[width - 2]
        read[width - 2] = int(bits[0] + bits[1] + bits[width - 2] >= 2)
    else:
        size = int(name.partition(":")[2])
        count = width // (size + 1)
        for chunk in range(count):
            places = range(count + size * chunk, count + size * (chunk + 1))
            held[chunk] = sum(bits[place] for place in places) % 2
            read[chunk] = 0
            if sum(bits[place] for place in places) % 2 != bits[chunk]:
                for place in places:
                    read[place] = 0
    made = (sum(bit << place for place, bit in enumerate(row)) for row in (held, read))
    return next(made), next(made)
