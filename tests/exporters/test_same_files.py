"""The same request gives the same files as ever: digests of what earlier versions wrote.

No number in them is computed by ONNX Runtime, so that they are the same on every machine. A digest
that changes is a change of what users get: say so in the change log, and only then write it anew.
"""

import hashlib
import json
from pathlib import Path

import onnx
import pytest

from analyzer.model import load_model
from exporters.hardening.activations.survey import survey
from exporters.hardening.bounds.thresholds import Threshold, ThresholdFile
from exporters.hardening.harden import harden
from exporters.hardening.interface import Order
from exporters.hardening.mitigations import find_mitigation
from exporters.hardening.subject import open_subject
from tests.exporters.bounded import changed_on
from tests.exporters.nets import network, row
from tests.support import ROOT


def digest(proto: onnx.ModelProto) -> str:
    """Nodes, stored tensors and metadata, as text that no version of onnx writes otherwise."""
    parts = [
        [n.op_type, n.name, list(n.input), list(n.output), sorted(a.name for a in n.attribute)]
        for n in proto.graph.node
    ]
    stored = [
        [t.name, list(t.dims), t.data_type, onnx.numpy_helper.to_array(t).tobytes().hex()]
        for t in proto.graph.initializer
    ]
    entries = [[p.key, p.value] for p in proto.metadata_props]
    return hashlib.sha256(json.dumps([parts, stored, entries]).encode()).hexdigest()[:16]


HARDENED = {
    ("digits_resnet", "relu6"): "6590d1b2ec88e353",
    ("digits_resnet", "ranger"): "4b68975214ade6c1",
    ("digits_resnet", "actmax"): "3db82a1b2d76d3d9",
    ("digits_resnet", "clipact"): "d54a87d7b4687c77",
    ("digits_resnet_int8", "ranger"): "c5351c6ecf5abec9",
    ("digits_resnet_int8", "actmax"): "ef5b83bd259ea287",
    ("cifar_mobilenet", "ranger"): "ebaeda0477e3119a",
    ("cifar_mobilenet", "actmax"): "0a619818cd568bf0",
}
"""Model and method -> digest of the hardened model, with thresholds 1, 1.5, 2, ... by site."""


@pytest.mark.parametrize(("name", "method"), HARDENED)
def test_hardened_files_are_what_they_were(name: str, method: str, tmp_path: Path) -> None:
    subject = open_subject(load_model(ROOT / "models" / f"{name}.onnx"))
    sites = survey(subject.proto, method == "ranger").sites
    kept = ThresholdFile(
        method="actmax",
        model_sha256=subject.model.sha256,
        calibration=None,
        thresholds={site.value: Threshold(high=1 + i / 2) for i, site in enumerate(sites)},
    )
    (tmp_path / "t.json").write_text(kept.to_json(), "utf-8")
    order = Order() if method == "relu6" else Order(thresholds=tmp_path / "t.json")
    found = harden(subject, find_mitigation(method), order)
    assert digest(found.proto) == HARDENED[name, method]


def test_thresholds_files_are_what_they_were() -> None:
    body = "h2 = Identity (image) h = Relu (h2) scores = LeakyRelu <alpha = 0.5> (h2)"
    proto = network(body)
    found = changed_on(proto, row(-4, 1), row(3, -8), row(0.1, 2)).thresholds
    assert found is not None
    assert found.to_json() == (
        '{\n "calibration": {\n  "data": "rows",\n  "images": 3,\n  "sha256": "'
        + "2" * 64
        + '",\n  "whole": ""\n },\n "format": "1.0",\n "method": "actmax",\n "model_sha256": "'
        + found.model_sha256
        + '",\n "thresholds": {\n  "h": {\n   "high": 3.0,\n   "low": null\n  },\n'
        '  "scores": {\n   "high": 3.0,\n   "low": -4.0\n  }\n }\n}\n'
    )


def test_every_pinned_method_is_one_of_today() -> None:
    for _, method in HARDENED:
        assert find_mitigation(method).name == method
