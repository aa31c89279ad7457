"""The protection of a memory in words, for every form of every report."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.records import MemoryPart, ProtectionPart


def storage(part: ProtectionPart) -> str:
    """The storage that check bits add to the storage, e.g. ``+12.5 % storage``."""
    overhead = 100.0 * float(Fraction(part.overhead))
    return "no storage added" if not overhead else f"+{overhead:.3g} % storage"


def protection_lines(part: ProtectionPart | None) -> Iterator[str]:
    """The protection, its storage, and what its encoding costs.

    >>> list(protection_lines(None))
    []
    """
    if part is None:
        return
    share = ""
    if part.protected_bits < part.data_bits:
        share = f", of {figures.percent(part.protected_bits / part.data_bits)} % of the bits"
    yield f"protection: {part.rules}{share}, {storage(part)} ({part.check_bits:,} check bits)"
    loss = part.coding_loss
    if loss is not None:
        yield (
            f"coding loss, without any fault: {figures.percent(loss.unencoded, 2)} % before "
            f"encoding, {100.0 * loss.lost:.2f} points lost; "
            f"{figures.percent(loss.changed, 2)} % of decisions change"
        )


def memory_lines(rows: Sequence[tuple[str, MemoryPart | None]]) -> Iterator[str]:
    """Effects of the protection, rate by rate.

    Args:
        rows: each rate as it is shown, with what the memory did there.
    """
    known = [(rate, part) for rate, part in rows if part is not None]
    for rate, part in known:
        yield (
            f"{rate}: all upsets corrected on {figures.estimate(part.corrected)} % of images "
            f"({figures.bounds(part.corrected)}), an error found on "
            f"{figures.estimate(part.detected)} % ({figures.bounds(part.detected)})."
        )
