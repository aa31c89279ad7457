"""Every kind of answer: each upset of a small model, by the tool and by ONNX Runtime alone.

The truth edits the weight, loads the model anew and compares the answers as `kinds` says in plain
numpy; nothing of the tool takes part. The map counts every upset on every image, so that both must
be equal, and not only close.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from tests.evaluation.kinds import FEATURES, IMAGES, KINDS, Kind
from tests.support import invoke


def run(model: onnx.ModelProto, images: npt.NDArray[np.float32]) -> list[Any]:
    """All outputs."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options)
    return list(session.run(None, {"x": images}))


def inputs() -> npt.NDArray[np.float32]:
    return np.random.default_rng(4).normal(0, 1, (IMAGES, FEATURES)).astype(np.float32)


def detected(kind: Kind, faulty: list[Any], images: int) -> npt.NDArray[np.bool_]:
    """Images with NaN or infinity; golden has none. What has no row per image counts for all."""
    due = np.zeros(images, bool)
    for output, stated in zip(faulty, kind.outputs, strict=True):
        if kind.flags and stated.name not in kind.flags:
            continue
        if isinstance(output, list):
            due |= [not np.isfinite([*row.values()]).all() for row in output]
        elif output.dtype.kind == "f":
            bad = ~np.isfinite(output)
            axis = output.shape.index(images) if images in output.shape else None
            if axis is None or images == 1:
                due |= bad.any()
            else:
                due |= np.moveaxis(bad, axis, 0).reshape(images, -1).any(axis=1)
    return due


def truth(kind: Kind) -> tuple[float, float]:
    """Shares of SDC and DUE over all upsets and images."""
    model, images = kind.model(), inputs()
    starts = range(0, IMAGES, kind.batch)
    golden = [run(model, images[start : start + kind.batch]) for start in starts]
    whole = golden[0] if len(golden) == 1 else [np.concatenate([o[0] for o in golden])]
    weight = numpy_helper.to_array(model.graph.initializer[0])
    sdc = due = sites = 0
    for element in range(weight.size):
        for bit in range(32):
            faulty = weight.copy()
            faulty.reshape(-1).view(np.uint32)[element] ^= np.uint32(1) << np.uint32(bit)
            edited = onnx.ModelProto()
            edited.CopyFrom(model)
            edited.graph.initializer[0].CopyFrom(numpy_helper.from_array(faulty, "w"))
            for start, before in zip(starts, golden, strict=True):
                found = run(edited, images[start : start + kind.batch])
                bad = detected(kind, found, kind.batch)
                with np.errstate(invalid="ignore"):
                    sdc += int((kind.decide(before, found, whole) & ~bad).sum())
                due += int(bad.sum())
            sites += 1
    return sdc / sites / IMAGES, due / sites / IMAGES


@pytest.mark.parametrize("name", KINDS)
def test_every_upset_of_every_kind_of_answer(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    onnx.save(kind.model(), tmp_path / "m.onnx")
    np.savez(tmp_path / "d.npz", images=inputs())
    asked = ("map", tmp_path / "m.onnx", "--data", tmp_path / "d.npz", "--exhaustive")
    how = ("--jobs", "0", "--journal", "none", "--batch", str(kind.batch), "--include", "w")
    done = invoke(*asked, *how, *kind.flags, "--json", tmp_path / "r.json")
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    found = report["whole"]
    assert found["sdc"]["low"] == found["sdc"]["high"]  # everything was counted
    sdc, due = truth(kind)
    assert (found["sdc"]["estimate"], found["due"]["estimate"]) == pytest.approx((sdc, due))
    assert 0 < sdc < 1
    assert report["decision"]["rule"] == kind.rule
    assert report["decision"]["sentence"] in " ".join(done.out.split()).replace("decision: ", "")
