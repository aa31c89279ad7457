"""What ``relcheck export`` says fits the terminal and hides nothing."""

import pytest

from analyzer.model import Preprocessing
from analyzer.model.signature import InputSignature
from analyzer.reports.before_after.exported import ExportSummary, export_text

PREPROCESSING = Preprocessing(
    "NCHW", resize=256, crop=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)


def summary(preprocessing: Preprocessing = PREPROCESSING, *notes: str) -> ExportSummary:
    return ExportSummary(
        file="resnet50.onnx",
        size=102_226_135,
        source="torchvision:resnet50",
        parameters=25_557_032,
        signature=InputSignature("image", "float32", (None, 3, 224, 224)),
        weights="random weights, seed 0: no accuracy is to be expected",
        inputs=4,
        difference=4.2e-5,
        largest=1.4321,
        preprocessing=preprocessing,
        notes=notes,
    )


def test_the_whole_text() -> None:
    assert export_text(summary(PREPROCESSING, "a note")).splitlines() == [
        "resnet50.onnx: 102 MB, 25.6 M parameters",
        "network: torchvision:resnet50, input image float32 (N, 3, 224, 224)",
        "weights: random weights, seed 0: no accuracy is to be expected",
        "parity: largest difference from torch 4.2e-05 on 4 random inputs, largest output",
        "  1.43",
        "images: RGB, shorter side 256, crop 224, x = (pixel * 0.00392157 - [0.485 0.456",
        "  0.406]) / [0.229 0.224 0.225]",
        "note: a note",
    ]


@pytest.mark.parametrize(
    ("preprocessing", "says"),
    [
        (Preprocessing(), "images: RGB, x = (pixel * 0.00392157 - 0) / 1"),
        (Preprocessing(color="BGR", scale=1.0), "images: BGR, x = (pixel * 1 - 0) / 1"),
        (Preprocessing(mean=(0.5, 0.5, 0.5)), "images: RGB, x = (pixel * 0.00392157 - 0.5) / 1"),
    ],
)
def test_steps_that_are_not_done_are_not_named(preprocessing: Preprocessing, says: str) -> None:
    assert says in export_text(summary(preprocessing)).splitlines()


def test_other_peoples_text_does_not_reach_the_terminal_as_it_is() -> None:
    text = export_text(summary(PREPROCESSING, "escape \x1b[2J"))
    assert "\x1b" not in text
