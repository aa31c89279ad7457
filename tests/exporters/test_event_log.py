"""TensorBoard's format: read back by the protocol buffer library, and known checksums."""

import struct
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from exporters.training.crc32c import crc32c, masked
from exporters.training.event_log import NAME, EventLog, as_record, varint

KNOWN = [
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
    (b"123456789", 0xE3069283),
]
"""RFC 3720, section B.4, and the check value of the catalogue of CRCs."""


@pytest.mark.parametrize(("data", "crc"), KNOWN)
def test_known_checksums(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc


def test_the_head_of_every_file_that_tensorflow_writes() -> None:
    """An event of 24 bytes: its length, and the masked checksum of the length."""
    assert as_record(bytes(24))[:12] == bytes.fromhex("1800000000000000a37f4b22")


def messages() -> Any:
    """The message Event as ``core/util/event.proto`` and ``summary.proto`` declare it."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")
    for name, fields in {
        "Value": [("tag", 1, field.TYPE_STRING), ("simple_value", 2, field.TYPE_FLOAT)],
        "Summary": [("value", 1, ".t.Value")],
        "Event": [
            ("wall_time", 1, field.TYPE_DOUBLE),
            ("step", 2, field.TYPE_INT64),
            ("file_version", 3, field.TYPE_STRING),
            ("summary", 5, ".t.Summary"),
        ],
    }.items():
        message = file.message_type.add(name=name)
        for label, number, kind in fields:
            many = field.LABEL_REPEATED if label == "value" else field.LABEL_OPTIONAL
            added = message.field.add(name=label, number=number, label=many)
            if isinstance(kind, str):
                added.type, added.type_name = field.TYPE_MESSAGE, kind
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Event"))


def read(path: Path) -> list[Any]:
    """Events of a file, each checksum checked."""
    data, events, kind = path.read_bytes(), [], messages()
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        sums = struct.unpack("<I", data[8:12]) + struct.unpack("<I", data[12 + size : 16 + size])
        content = data[12 : 12 + size]
        assert sums == (masked(data[:8]), masked(content))
        events.append(kind.FromString(content))
        data = data[16 + size :]
    return events


def test_a_file_is_read_back(tmp_path: Path) -> None:
    log = EventLog(tmp_path, 5.5, 0)
    log.add(7.25, 300, {"loss/training": 0.5, "top1/validation": 0.75})
    head, scalars = read(tmp_path / NAME)
    assert (head.wall_time, head.file_version) == (5.5, "brain.Event:2")
    assert (scalars.wall_time, scalars.step) == (7.25, 300)
    found = [(value.tag, value.simple_value) for value in scalars.summary.value]
    assert found == [("loss/training", 0.5), ("top1/validation", 0.75)]


def test_what_a_checkpoint_does_not_know_goes(tmp_path: Path) -> None:
    log = EventLog(tmp_path, 1.0, 0)
    log.add(2.0, 1, {"loss": 1.0})
    size = log.size
    log.add(3.0, 2, {"loss": 2.0})
    again = EventLog(tmp_path, 9.0, size)
    again.add(4.0, 2, {"loss": 3.0})
    assert [event.wall_time for event in read(tmp_path / NAME)] == [1.0, 2.0, 4.0]
    EventLog(tmp_path, 8.0, 0)
    assert [event.wall_time for event in read(tmp_path / NAME)] == [8.0]


@given(st.integers(0, 2**63 - 1))
def test_numbers_of_any_size(value: int) -> None:
    event = messages().FromString(b"\x10" + varint(value))
    assert event.step == value
