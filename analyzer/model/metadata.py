"""Statements of a model about its own inputs: ``metadata_props`` under ``relcheck.``."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import onnx

from analyzer.errors import BadMetadata, quoted

PREFIX = "relcheck."
MOST_PIXELS = 16384
CALIBRATIONS = ("hardening.calibration", "quantization")
"""Entries of models that ``harden`` and ``quantize`` made."""


class Origin(StrEnum):
    """The party that said that images are prepared in this way."""

    FLAG = "flag"
    METADATA = "metadata"
    ASSUMED = "assumed"

    @property
    def stated(self) -> bool:
        """True if the model states it."""
        return self is not Origin.ASSUMED


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
        origins: Who said so, by name of the entry; of an entry that is not here, nobody did.
    """

    layout: str | None = None
    color: str = "RGB"
    resize: int | None = None
    crop: int | None = None
    scale: float = 1.0 / 255.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False)

    def origin(self, name: str) -> Origin:
        """The origin of the entry ``name``: layout, color, resize, crop, scale, mean or std."""
        return self.origins.get(name, Origin.ASSUMED)

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the entries that flags gave."""
        return tuple(name for name in READERS if self.origin(name) is Origin.FLAG)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The ``relcheck.*`` entries of one model.

    Attributes:
        preprocessing: How its images are prepared.
        data: Name of a data set beside it.
        labels: Names of its classes, in their order.
        source: What it was exported from.
        calibrations: What it says of the images that its ranges and bounds come from.
    """

    preprocessing: Preprocessing
    data: str | None = None
    labels: tuple[str, ...] = ()
    source: str | None = None
    calibrations: tuple[str, ...] = ()


def read_number(text: str) -> float:
    """A finite number, as a decimal or a fraction.

    Raises:
        ValueError: it is none.

    >>> read_number("1/255") == 1 / 255, read_number("1e-3")
    (True, 0.001)
    """
    above, slash, below = text.partition("/")
    upper, lower = float(above), float(below) if slash else 1.0
    value = upper / lower if lower else math.inf
    if not all(map(math.isfinite, (value, lower))):
        raise ValueError(text)
    return value


def _floats(text: str) -> tuple[float, ...]:
    return tuple(read_number(part) for part in text.split(","))


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
    "scale": (read_number, "a number, like 0.5 or 1/255"),
    "mean": (_floats, "numbers separated by commas, like 0.5 or 1/2"),
    "std": (_nonzero, "numbers separated by commas, none of them 0"),
}


def read_preprocessing(
    entries: Mapping[str, str],
    where: str,
    base: Preprocessing | None = None,
    origin: Origin = Origin.FLAG,
) -> Preprocessing:
    """Preprocessing from text entries.

    Args:
        entries: name of a setting -> its value as text; names beside `READERS` are left alone.
        where: what the entries are, as the subject of a message.
        base: gives the settings that ``entries`` does not name; None: defaults do.
        origin: who made the entries, for reports.

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
    origins = {**current.origins, **dict.fromkeys(fields, origin)}
    return Preprocessing(**{**kept, **fields}, origins=origins)


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
    return Metadata(
        read_preprocessing(entries, "the model's metadata entry", origin=Origin.METADATA),
        entries.get("data"),
        read_labels(entries.get("labels", "")),
        entries.get("source"),
        tuple(entries[name] for name in CALIBRATIONS if name in entries),
    )


def read_labels(text: str) -> tuple[str, ...]:
    r"""Names of classes, in their order: separated by commas, or one on each line.

    >>> read_labels("dog, cat"), read_labels("tench, Tinca tinca\ngoldfish")
    (('dog', 'cat'), ('tench, Tinca tinca', 'goldfish'))
    """
    lines = text.strip().splitlines()
    parts = lines if len(lines) > 1 else text.split(",")
    return tuple(part.strip() for part in parts) if lines else ()


def write_labels(labels: Iterable[str]) -> str:
    """A metadata value that `read_labels` reads back as it was.

    Args:
        labels: names of classes without line breaks, none of them empty.

    Raises:
        ValueError: a name that cannot be written.
    """
    names = tuple(labels)
    text = ",".join(names)
    text = text if read_labels(text) == names else "\n".join(names)
    if read_labels(text) != names:
        raise ValueError("a class name is empty, or holds a comma or a line break on its own")
    return text
