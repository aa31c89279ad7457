"""Damage to files: bits, bytes, lengths, pieces of other files, and fields of a parsed model."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from PIL import Image

from tests.fuzz.samples import nested_model
from tests.support import tiny_cnn_proto, tiny_images

MODELS = Path(__file__).parents[2] / "models"
DATA = "digits_test.npz"

Edit = Callable[[bytearray, random.Random, Sequence[int]], None]

ODD = (0, 1, -1, 2, 7, 127, 128, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, 2**32, 2**40, 2**62)
"""Numbers that dimensions, axes, types and lengths are replaced by."""

WORDS = (
    *("", "x", "image", "Relu", "Loop", "If", "Conv", "ai.onnx.ml", "com.microsoft", "w" * 9000),
    *("\x1b[2J\x1b]0;owned\x07", "\u202egnp.exe", "a\nrelcheck: ok", "../../x", "<b>&"),
)


@dataclass(frozen=True)
class Base:
    """A file to damage, and the offsets in it at which damage tells: headers, not weights."""

    content: bytes
    places: tuple[int, ...]


@cache
def models() -> dict[str, Base]:
    """The models in ``models/``, and small ones in which every byte tells."""
    found = {p.name: p.read_bytes() for p in sorted(MODELS.glob("*.onnx"))}
    found["tiny.onnx"] = tiny_cnn_proto().SerializeToString()
    found["nested.onnx"] = nested_model().SerializeToString()
    return {name: Base(content, _wire_places(content)) for name, content in found.items()}


@cache
def archives() -> dict[str, Base]:
    """Data sets: that in ``models/``, and small ones for the tiny model."""
    found = {DATA: (MODELS / DATA).read_bytes()}
    labels = np.zeros(6, np.int64)
    for name, save in (("stored.npz", np.savez), ("deflated.npz", np.savez_compressed)):
        stream = io.BytesIO()
        save(stream, images=tiny_images(6), labels=labels)
        found[name] = stream.getvalue()
    return {name: Base(content, _zip_places(content)) for name, content in found.items()}


# Where damage tells


def _wire_places(content: bytes) -> tuple[int, ...]:
    """Offsets of everything in a serialized model but raw data."""
    places: list[int] = []
    _walk(content, 0, len(content), onnx.ModelProto.DESCRIPTOR, places)
    return tuple(places)


def _walk(content: bytes, start: int, end: int, kind: Any, places: list[int]) -> None:
    at = start
    while at < end:
        key, after = _varint(content, at)
        places.extend(range(at, after))
        field = kind.fields_by_number.get(key >> 3)
        at = after
        if key & 7 != 2:
            size = {0: _varint(content, at)[1] - at, 1: 8, 5: 4}[key & 7]
            places.extend(range(at, at + size))
            at += size
            continue
        length, after = _varint(content, at)
        places.extend(range(at, after))
        at = after
        if field is not None and field.type == FieldDescriptor.TYPE_MESSAGE:
            _walk(content, at, at + length, field.message_type, places)
        else:
            places.extend(range(at, at + min(length, 40)))
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (content[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if content[at - 1] < 0x80:
            return value, at


def _zip_places(content: bytes) -> tuple[int, ...]:
    """Offsets of local headers, array headers and the directory."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        starts = [member.header_offset for member in archive.infolist()]
        directory = archive.start_dir
    heads = (range(s, min(s + 180, directory)) for s in starts)
    return (*(at for head in heads for at in head), *range(directory, len(content)))


# Damage to bytes


def _flip(content: bytearray, rng: random.Random, places: Sequence[int]) -> None:
    if content:
        content[_place(content, rng, places)] ^= 1 << rng.randrange(8)


def _set(content: bytearray, rng: random.Random, places: Sequence[int]) -> None:
    if content:
        at = _place(content, rng, places)
        content[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _delete(content: bytearray, rng: random.Random, places: Sequence[int]) -> None:
    at = _place(content, rng, places)
    del content[at : at + rng.choice((1, 2, 8, 100, 10_000))]


def _insert(content: bytearray, rng: random.Random, places: Sequence[int]) -> None:
    at = _place(content, rng, places)
    content[at:at] = rng.randbytes(rng.choice((1, 2, 8, 100)))


def _splice(content: bytearray, rng: random.Random, places: Sequence[int]) -> None:
    """Copy a piece of the file over, or in front of, another."""
    source, target = _place(content, rng, places), _place(content, rng, places)
    piece = content[source : source + rng.choice((2, 10, 50, 500, 5000))]
    content[target : target + rng.choice((0, len(piece)))] = piece


def _truncate(content: bytearray, rng: random.Random, places: Sequence[int]) -> None:
    del content[rng.choice((_place(content, rng, places), rng.randrange(len(content) + 1))) :]


def _number(content: bytearray, rng: random.Random, places: Sequence[int]) -> None:
    """Overwrite a length, as protocol buffers or as zip files write it."""
    value = rng.choice(ODD) & (2**64 - 1)
    at = _place(content, rng, places)
    raw = _as_varint(value) if rng.random() < 0.7 else value.to_bytes(8, "little")[:4]
    content[at : at + len(raw)] = raw


def _place(content: bytearray, rng: random.Random, places: Sequence[int]) -> int:
    if places and rng.random() < 0.9:
        return min(rng.choice(places), max(len(content) - 1, 0))
    return rng.randrange(len(content)) if content else 0


def _as_varint(value: int) -> bytes:
    raw = bytearray()
    while value > 0x7F:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*raw, value])


EDITS: tuple[Edit, ...] = (_flip, _flip, _set, _set, _delete, _insert, _splice, _truncate, _number)


def damaged(base: Base, rng: random.Random) -> bytes:
    """``base`` after one to four edits."""
    content = bytearray(base.content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        rng.choice(EDITS)(content, rng, base.places)
    return bytes(content)


# Damage to fields


def misled(base: Base, rng: random.Random) -> bytes:
    """``base`` as a model whose fields say other things: still ONNX, mostly."""
    proto = onnx.ModelProto()
    proto.ParseFromString(base.content)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        spots = list(_fields(proto))
        message, field = rng.choice(spots)
        _mislead(message, field, rng)
    return bytes(proto.SerializePartialToString())


def _fields(message: Message) -> Iterator[tuple[Message, FieldDescriptor]]:
    for field, value in message.ListFields():
        yield message, field
        if field.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                yield from _fields(part)


def _mislead(message: Message, field: FieldDescriptor, rng: random.Random) -> None:
    value = getattr(message, field.name)
    repeated = hasattr(value, "append") or hasattr(value, "add")
    if repeated and (not len(value) or rng.random() < 0.3 or field.message_type is not None):
        _rearrange(value, field, rng)
    elif field.message_type is not None:
        message.ClearField(field.name)
    else:
        try:
            if repeated:
                value[rng.randrange(len(value))] = _other(value[0], rng)
            else:
                setattr(message, field.name, _other(value, rng))
        except ValueError:  # out of the field's range, or no number of an enum
            message.ClearField(field.name)


def _rearrange(value: Any, field: FieldDescriptor, rng: random.Random) -> None:
    """Drop, repeat or swap entries of a repeated field."""
    if not len(value):
        return
    match rng.randrange(3):
        case 0:
            del value[rng.randrange(len(value))]
        case 1 if field.message_type is not None:
            value.add().CopyFrom(rng.choice(value))
        case 1:
            value.append(rng.choice(value))
        case _:
            first, second = rng.randrange(len(value)), rng.randrange(len(value))
            if field.message_type is not None:
                keep = type(value[0])()
                keep.CopyFrom(value[first])
                value[first].CopyFrom(value[second])
                value[second].CopyFrom(keep)
            else:
                value[first], value[second] = value[second], value[first]


def _other(value: Any, rng: random.Random) -> Any:
    if isinstance(value, float):
        return rng.choice((0.0, -1.0, 1e38, 1e-40, float("nan"), float("inf"), value + 1))
    if isinstance(value, bytes):
        return rng.choice((b"", value[:-1], value + b"\0", value[: len(value) // 2], b"\xff\xfe"))
    if isinstance(value, str):
        return rng.choice((*WORDS, value + "_", value[:-1]))
    return rng.choice((*ODD, value + 1, value - 1, value * 2))


# Data sets that are odd, not broken


def odd_archive(rng: random.Random) -> bytes:
    """An intact archive of arrays that are not what they should be; headers may lie."""
    stream = io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
    method = rng.choices(methods, (6, 6, 1))[0]
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name in ("images", "labels"):
            raw = io.BytesIO()
            np.lib.format.write_array(raw, _odd_array(name, rng))
            archive.writestr(f"{name}.npy", _with_lies(raw.getvalue(), rng))
    return stream.getvalue()


def _odd_array(name: str, rng: random.Random) -> Any:
    if name == "labels":
        kind = rng.choice(("int64", "int64", "uint8", "float32", "bool", "U3", "complex64"))
        shape: tuple[int, ...] = rng.choice(((6,), (6,), (6, 1), (1, 6), (5,), (), (6, 4), (0,)))
        return np.zeros(shape, kind)
    kind = rng.choice(("uint8", "uint8", "float32", "float64", "int16", "float16", "S2", ">f4"))
    shape = rng.choice(
        ((6, 6, 6, 1), (6, 1, 6, 6), (6, 6, 6), (6, 9, 40, 1), (6, 1, 1, 1), (6, 0, 6, 1), (6,))
    )
    values = np.random.default_rng(rng.randrange(2**32)).integers(0, 200, shape)
    if kind.startswith("float") and rng.random() < 0.3:
        with np.errstate(over="ignore"):
            return np.full(shape, rng.choice((np.nan, np.inf, 1e4, 1e300)), kind)
    return values.astype(kind)


def _with_lies(raw: bytes, rng: random.Random) -> bytes:
    """An array whose header, half of the time, states something else, in the same length."""
    if rng.random() < 0.5:
        return raw
    header, end = bytearray(raw[:128]), raw[128:]
    for _ in range(rng.choice((1, 1, 2, 5))):
        header[rng.randrange(128)] = rng.choice(b"0123456789(){}[]',:<>|fiuOVS \n\x00\xff")
    return bytes(header) + end


IMAGES: dict[str, str] = {"PNG": "png", "JPEG": "jpg", "BMP": "bmp", "WEBP": "webp", "TIFF": "tif"}


@cache
def pictures() -> dict[str, Base]:
    """One small picture of each format."""
    found = {}
    for kind, suffix in IMAGES.items():
        stream = io.BytesIO()
        Image.fromarray(tiny_images(1, 24)[0, ..., 0]).save(stream, kind)
        found[suffix] = Base(stream.getvalue(), tuple(range(min(60, len(stream.getvalue())))))
    return found
