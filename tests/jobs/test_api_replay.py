"""`analyzer.replay`: trials and fault lists with their bits, and answers as arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

import analyzer
from analyzer.errors import BadOption, RelcheckError, ReportMismatch
from analyzer.jobs.render import read_report
from tests.support import invoke, tiny_cnn, tiny_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("replay")
    tiny_cnn(place / "tiny.onnx")
    tiny_data(place / "tiny.npz")
    return place


@pytest.fixture(scope="module")
def swept(folder: Path) -> analyzer.SweepReport:
    return analyzer.run(
        folder / "tiny.onnx",
        data=folder / "tiny.npz",
        rates="1e-3,1e-2",
        precision=0.1,
        jobs=0,
    )


def where(folder: Path) -> dict[str, Any]:
    return {"model": folder / "tiny.onnx", "data": folder / "tiny.npz"}


def test_a_report_in_memory_is_replayed_bit_for_bit(
    swept: analyzer.SweepReport, folder: Path
) -> None:
    found = analyzer.replay(swept, trial=1, keep_outputs=True, **where(folder))
    assert found.status == "ok"
    (part,), (pattern,) = found.record.patterns, found.patterns
    assert part.reproduced
    assert part.edited_file == "same"
    assert pattern.name == part.name
    assert len(pattern.bits) >= part.upsets > 0
    assert pattern.golden is not None
    assert pattern.faulty is not None
    (name,) = pattern.golden
    golden, faulty = pattern.golden[name], pattern.faulty[name]
    assert golden.shape == faulty.shape == (part.images, 4)
    shown = {image.image: image for image in part.shown}
    assert shown.keys() == set(pattern.images.tolist())
    for row, place in enumerate(pattern.images.tolist()):
        image = shown[place]
        assert image.golden is not None
        assert image.golden.number == golden[row].argmax()
        assert image.outcome == pattern.outcomes[row]
        if image.faulty is not None and np.isfinite(faulty[row]).all():
            assert image.faulty.number == faulty[row].argmax()


def test_a_path_and_the_command_give_the_same(
    swept: analyzer.SweepReport, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    file = swept.save(folder / "run.json")
    found = analyzer.replay(file, trial="1", **where(folder))
    assert found.patterns[0].golden is None
    assert len(found.patterns[0].images) == 0
    words = ("--model", folder / "tiny.onnx", "--data", folder / "tiny.npz", "--trial", "1")
    done = invoke("replay", file, *words, "--format", "junit=r.xml", "--json", "r.json")
    assert done.code == 0, done.err
    assert done.out == found.to_text()
    assert "<failure" not in (folder / "r.xml").read_text("utf-8")
    again = read_report(folder / "r.json")
    assert isinstance(again, analyzer.ReplayedReport)
    assert again.record.patterns == found.record.patterns
    assert invoke("report", "r.json", "--format", "later.md").code == 0
    assert (folder / "later.md").read_text("utf-8") == again.to("markdown")


def edited(folder: Path, name: str, index: int, bit: int) -> ort.InferenceSession:
    """A session of the file in which one bit is flipped by hand."""
    proto = onnx.load(folder / "tiny.onnx")
    for tensor in proto.graph.initializer:
        if tensor.name == name:
            values = numpy_helper.to_array(tensor).copy()
            values.reshape(-1).view(np.uint32)[index] ^= np.uint32(1 << bit)
            tensor.CopyFrom(numpy_helper.from_array(values, name))
    return ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])


def test_a_fault_list_of_rows_gives_the_outputs_of_an_edited_file(folder: Path) -> None:
    proto = onnx.load(folder / "tiny.onnx")
    name = str(analyzer.inspect(proto, kinds="weight").rows()[0]["tensor"])
    with np.load(folder / "tiny.npz") as archive:
        images = archive["images"]
    found = analyzer.replay(
        proto, faults=[("a", name, 3, 30), ("b", name, 5, 0)], data=folder / "tiny.npz",
        keep_outputs=True,
    )  # fmt: skip
    assert [p.name for p in found.patterns] == ["a", "b"]
    for pattern, (index, bit) in zip(found.patterns, ((3, 30), (5, 0)), strict=True):
        assert pattern.tensors == (name,)
        assert [(b.tensor, b.index, b.bit) for b in pattern.bits] == [(name, index, bit)]
        assert sorted(pattern.images.tolist()) == list(range(len(images)))
        session = edited(folder, name, index, bit)
        fed = images[pattern.images].astype(np.float32).transpose(0, 3, 1, 2) / np.float32(255)
        (wanted,) = session.run(None, {session.get_inputs()[0].name: fed})
        assert pattern.faulty is not None
        assert np.allclose(next(iter(pattern.faulty.values())), wanted, rtol=1e-4, equal_nan=True)


def test_an_event_of_a_target_is_replayed(folder: Path) -> None:
    target = analyzer.read_target("fpga-bram-28nm")
    common: dict[str, Any] = {"data": folder / "tiny.npz"}
    report = analyzer.run(
        folder / "tiny.onnx", target=target, precision=0.1, budget=20, jobs=0, **common
    )
    found = analyzer.replay(
        report, trial=1, target=target, model=folder / "tiny.onnx", keep_outputs=True, **common
    )
    assert found.status == "ok"
    assert found.record.patterns[0].reproduced
    assert found.patterns[0].bits
    assert found.patterns[0].golden is not None
    with pytest.raises(BadOption, match="--target is missing"):
        analyzer.replay(report, trial=1, model=folder / "tiny.onnx", **common)


def test_what_cannot_be_replayed_is_a_sentence(
    swept: analyzer.SweepReport, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadOption, match=r"no keyword .trail. .did you mean trial"):
        analyzer.replay(swept, trail=1)  # type: ignore[call-arg]
    with pytest.raises(BadOption, match="--faults is missing"):
        analyzer.replay(folder / "tiny.onnx")
    with pytest.raises(BadOption, match="neither a path nor rows"):
        analyzer.replay(folder / "tiny.onnx", faults=[3])  # type: ignore[list-item]
    with pytest.raises(BadOption, match="worst trials, numbered from 1"):
        analyzer.replay(swept, trial=99, **where(folder))
    other = tiny_cnn(tmp_path / "other.onnx", seed=7)
    with pytest.raises(ReportMismatch, match="report of another model"):
        analyzer.replay(swept, trial=1, model=other)
    plan = analyzer.protect(
        folder / "tiny.onnx", data=folder / "tiny.npz", jobs=0, gate="sdc <= 0.5 @ one event"
    )
    with pytest.raises(RelcheckError, match="ProtectionReport has no trials"):
        analyzer.replay(plan)  # type: ignore[arg-type]
