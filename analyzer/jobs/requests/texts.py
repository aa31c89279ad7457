"""Durations, sizes and shares of work, as people write them."""

import re

from analyzer.campaign.tasks import Shard

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}


def parse_shard(text: str) -> Shard:
    """Read ``I/N``: share I of N, counted from 1.

    Raises:
        ValueError: the text names no share.

    >>> parse_shard("2/8")
    Shard(index=1, count=8)
    """
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError("write a share like 2/8")
    return Shard(int(match[1]) - 1, int(match[2]))


def parse_duration(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``10m``, ``2h`` or ``30d``.

    Raises:
        ValueError: the text is no duration.

    >>> parse_duration("10m")
    600.0
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([smhd]?)\s*", text.lower())
    if not match:
        raise ValueError("write a duration like 90s, 10m or 2h")
    return float(match[1]) * _UNITS[match[2]]


def parse_size(text: str) -> int:
    """Bytes of ``0``, ``500M``, ``2G``; K, M, G are powers of 1024.

    Raises:
        ValueError: the text is no size.

    >>> parse_size("2G"), parse_size("1.5k")
    (2147483648, 1536)
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kKmMgG]?)[bB]?\s*", text)
    if not match:
        raise ValueError("write a size like 500M or 2G, or 0 for none")
    return int(float(match[1]) * 1024 ** ("", "k", "m", "g").index(match[2].lower()))
