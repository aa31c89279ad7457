"""Worth of protecting a part of the memory: its share of the storage beside its share of the SDC.

Everything here follows from a record alone, so that each form of the report says the same. The SDC
of one upset in a part is silent corruption *per bit of storage*; parts are ranked by it.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from analyzer.faults.protections.part import CHECK_BITS
from analyzer.faults.protections.secded import check_bits
from analyzer.reports.map.record import BitPart, MapReport, WorthPart
from analyzer.reports.shared import number_format as figures

WORD = 64
"""Data bits of a word of the code by which parts are compared."""

CARRIED = 0.95
"""The share of the SDC that the bit positions of the advice carry together."""

KIB = 8 * 1024
"""Bits of a KiB."""


def with_worth(report: MapReport) -> MapReport:
    """The report with the worth of its bit positions, bit fields and tensors."""
    return report.model_copy(update={"worth": [*_of_bits(report), *_of_tensors(report)]})


def check_kib(bits: int) -> float:
    """KiB of check bits of SEC-DED words of 64 data bits.

    >>> check_kib(64 * 1024)
    1.0
    """
    return -(-bits // WORD) * check_bits(WORD) / KIB


def _of_bits(report: MapReport) -> Iterator[WorthPart]:
    """Bit positions, then bit fields; check bits are no storage that can be protected again."""
    known = [b for b in report.bits if b.sdc is not None and not _is_check(b)]
    total = sum(_harm(b) for b in known)
    rows = [_row("bit", b.dtype, b.encoding, str(b.bit), [b], total, report) for b in known]
    groups = groupby(known, lambda b: (b.dtype, b.encoding, b.field))
    rows += [_row("field", *key, list(group), total, report) for key, group in groups]
    yield from sorted(rows, key=_place)


def _is_check(bit: BitPart) -> bool:
    return bit.encoding.startswith(CHECK_BITS)


def _harm(bit: BitPart) -> float:
    """Bits that an upset would have to hit to corrupt silently, on average."""
    return bit.sdc.estimate * bit.bits if bit.sdc else 0.0


def _row(
    part: str,
    dtype: str,
    encoding: str,
    name: str,
    bits: list[BitPart],
    total: float,
    report: MapReport,
) -> WorthPart:
    size, harm = sum(b.bits for b in bits), sum(map(_harm, bits))
    share = min(1.0, harm / total) if total else 0.0
    return _part(part, name, size, share, harm / size, report, dtype=dtype, encoding=encoding)


def _part(
    part: str,
    name: str,
    size: int,
    share: float,
    sdc: float,
    report: MapReport,
    dtype: str = "",
    encoding: str = "",
) -> WorthPart:
    return WorthPart.model_validate(
        {
            "part": part,
            "name": name,
            "dtype": dtype,
            "encoding": encoding,
            "bits": size,
            "storage_share": size / report.whole.bits,
            "sdc_share": share,
            "sdc_per_bit": min(1.0, sdc),
            "check_kib": check_kib(size),
            "sdc_share_per_kib": share / check_kib(size),
        }
    )


def _of_tensors(report: MapReport) -> Iterator[WorthPart]:
    rows = [
        _part("tensor", t.name, t.bits, t.sdc_share, t.sdc.estimate, report, dtype=t.dtype)
        for t in report.tensors
        if t.sdc is not None and t.sdc_share is not None
    ]
    yield from sorted(rows, key=_place)


def _place(row: WorthPart) -> tuple[float, str, str]:
    return -row.sdc_per_bit, row.part, row.name


def of_part(report: MapReport, part: str) -> list[WorthPart]:
    """Parts of one sort, the most silent corruption per bit of storage first.

    Args:
        report: of the map.
        part: ``bit``, ``field`` or ``tensor``.
    """
    return [row for row in report.worth or () if row.part == part]


def first_bits(report: MapReport) -> list[WorthPart]:
    """Bit positions that carry `CARRIED` of the SDC, in the order of SDC per bit."""
    found, carried = [], 0.0
    for row in of_part(report, "bit"):
        if carried >= CARRIED or not row.sdc_share:
            break
        found.append(row)
        carried += row.sdc_share
    return found


def bit_advice(report: MapReport) -> str:
    """The bit positions to protect first, with their shares and the flag; empty: none stand out.

    Nothing is said of a map that is not finished, that saw no silent corruption, or whose silent
    corruption is spread over half of the storage.
    """
    chosen = first_bits(report)
    storage = sum(row.storage_share for row in chosen)
    unfinished = any(t.stop != "precision" for t in report.tensors)
    if unfinished or not chosen or storage > 0.5:
        return ""
    share = min(1.0, sum(row.sdc_share for row in chosen))
    kib = sum(row.check_kib for row in chosen)
    names = " and ".join(_named(dtype, rows) for dtype, rows in _by_type(chosen))
    alone = len({t.dtype for t in report.tensors}) == 1
    return (
        f"{names}: {figures.percent(storage)} % of the storage, {figures.percent(share)} % of the "
        f"silent corruption. SEC-DED over {WORD} of these bits takes {kib:.3g} KiB of check bits "
        f"({check_kib(report.whole.bits):.3g} KiB for everything){_told(_flag(chosen, alone))}"
    )


LONGEST = 72
"""Characters of a flag that a line has room for; it must stay in one piece, to be copied."""


def _told(flag: str) -> str:
    if len(flag) > LONGEST:
        return "; relcheck protect names all of them"
    return f": --protect {flag}"


def _by_type(rows: Iterable[WorthPart]) -> list[tuple[str, list[int]]]:
    """Bit positions by element type, ascending."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.dtype, []).append(int(row.name))
    return [(dtype, sorted(bits)) for dtype, bits in sorted(found.items())]


def _named(dtype: str, bits: list[int]) -> str:
    word = "bit" if len(bits) == 1 else "bits"
    return f"{word.capitalize()} {', '.join(map(str, bits))} of {dtype}"


def _flag(rows: list[WorthPart], alone: bool) -> str:
    """The protection as ``--protect`` writes it.

    Args:
        rows: bit positions.
        alone: whether the memory has elements of one type, which need not be named then.
    """
    return "+".join(
        f"secded:{WORD}@{'' if alone else f'type={dtype},'}{','.join(_ranges(bits))}"
        for dtype, bits in _by_type(rows)
    )


def _ranges(bits: list[int]) -> list[str]:
    """Neighbouring positions together.

    Args:
        bits: ascending.

    >>> _ranges([23, 28, 29, 30])
    ['bits=23', 'bits=28-30']
    """
    runs: list[list[int]] = []
    for bit in bits:
        if runs and bit == runs[-1][-1] + 1:
            runs[-1].append(bit)
        else:
            runs.append([bit])
    return [f"bits={run[0]}-{run[-1]}" if run[1:] else f"bits={run[0]}" for run in runs]


def shares_of_bits(report: MapReport) -> dict[tuple[str, str, int], float]:
    """Share of each bit position in the SDC, by type, encoding and position."""
    return {(r.dtype, r.encoding, int(r.name)): r.sdc_share for r in of_part(report, "bit")}
