"""Statements of a model about its own inputs: ``metadata_props`` under ``relcheck.``."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import onnx

from analyzer.errors import BadMetadata, quoted

PREFIX = "relcheck."
MOST_PIXELS = 16384


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The way from a uint8 image to an input: x = (pixel * scale - mean) / std, per channel.

    Attributes:
        layout: ``NCHW`` or ``NHWC``, the order the model wants; None: guessed from its shape.
        color: ``RGB`` or ``BGR``, the channel order the model wants.
        resize: Length in pixels that the shorter side is resized to before cropping.
        crop: Side in pixels of the central square that is kept.
        scale: Factor on the pixel value 0..255.
        mean: Per channel (or one for all), in units of the scaled pixel.
        std: Likewise.
    """

    layout: str | None = None
    color: str = "RGB"
    resize: int | None = None
    crop: int | None = None
    scale: float = 1.0 / 255.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The ``relcheck.*`` entries of one model."""

    preprocessing: Preprocessing
    data: str | None = None
    labels: tuple[str, ...] = ()
    source: str | None = None


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _floats(text: str) -> tuple[float, ...]:
    return tuple(_float(part) for part in text.split(","))


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.upper() not in allowed:
            raise ValueError
        return text.upper()

    return read


def _pixels(text: str) -> int:
    value = int(text)
    if not 0 < value <= MOST_PIXELS:
        raise ValueError
    return value


def _nonzero(text: str) -> tuple[float, ...]:
    values = _floats(text)
    if 0.0 in values:
        raise ValueError
    return values


READERS: dict[str, tuple[Callable[[str], object], str]] = {
    "layout": (_one_of("NCHW", "NHWC"), "NCHW or NHWC"),
    "color": (_one_of("RGB", "BGR"), "RGB or BGR"),
    "resize": (_pixels, f"a number of pixels from 1 to {MOST_PIXELS}"),
    "crop": (_pixels, f"a number of pixels from 1 to {MOST_PIXELS}"),
    "scale": (_float, "a number"),
    "mean": (_floats, "numbers separated by commas"),
    "std": (_nonzero, "numbers separated by commas, none of them 0"),
}


def read_preprocessing(
    entries: Mapping[str, str], where: str, base: Preprocessing | None = None
) -> Preprocessing:
    """Preprocessing from text entries.

    Args:
        entries: name of a setting -> its value as text; other names are left alone.
        where: what the entries are, as the subject of a message.
        base: gives the settings that ``entries`` does not name; None: defaults do.

    Raises:
        BadMetadata: a value that cannot be understood.
    """
    fields: dict[str, object] = {}
    for key, (reader, wanted) in READERS.items():
        if key not in entries:
            continue
        try:
            fields[key] = reader(entries[key])
        except ValueError as error:
            raise BadMetadata(
                f"{where} {key!r} is {quoted(entries[key])}; it must be {wanted}"
            ) from error
    current = base or Preprocessing()
    kept = {name: getattr(current, name) for name in READERS}
    return Preprocessing(**{**kept, **fields})


def write_preprocessing(preprocessing: Preprocessing) -> dict[str, str]:
    """Metadata entries, prefix included, that `read_preprocessing` reads back as they were.

    >>> write_preprocessing(Preprocessing(crop=224, scale=0.5, mean=(0.25, 1.0)))["relcheck.mean"]
    '0.25,1.0'
    """
    entries = {name: getattr(preprocessing, name) for name in READERS}
    return {
        PREFIX + name: ",".join(map(repr, value)) if isinstance(value, tuple) else str(value)
        for name, value in entries.items()
        if value is not None
    }


def read_metadata(proto: onnx.ModelProto) -> Metadata:
    """The ``relcheck.*`` entries of ``proto``.

    Raises:
        BadMetadata: a value that cannot be understood.
    """
    entries = {
        p.key.removeprefix(PREFIX): p.value
        for p in proto.metadata_props
        if p.key.startswith(PREFIX)
    }
    labels = entries.get("labels", "")
    return Metadata(
        read_preprocessing(entries, "the model's metadata entry"),
        entries.get("data"),
        tuple(labels.split(",")) if labels else (),
        entries.get("source"),
    )
