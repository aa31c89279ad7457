"""``relcheck train`` refuses with one sentence; these refusals need no torch."""

import sys
from pathlib import Path

import pytest

from tests.exporters.test_export_refusals import assert_refused
from tests.support import invoke


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    run = invoke("train", "cifar:resnet20", "--data", tmp_path, "-o", tmp_path / "m.pt")
    says = "package torch is not installed; pip install 'relcheck-onnx[export]'"
    assert_refused(run, "torch-missing", says, tmp_path)


@pytest.mark.parametrize(
    ("words", "slug", "says"),
    [
        (("resnet50",), "bad-network", "names no network"),
        (("cifar:resnet20", "--flips", "vertical"), "bad-option", "use none, horizontal or both"),
        (("cifar:resnet20", "--held-out", "2"), "bad-option", "--held-out"),
        (("cifar:resnet20", "--init", "no.pth"), "file-missing", "no checkpoint no.pth"),
        (("cifar:resnet20", "--onnx", "no/where.onnx"), "unwritable-output", "no folder no"),
    ],
)
def test_requests_that_cannot_be_read(
    words: tuple[str, ...], slug: str, says: str, tmp_path: Path
) -> None:
    run = invoke("train", *words, "--data", tmp_path, "-o", tmp_path / "m.pt")
    assert_refused(run, slug, says, tmp_path)
