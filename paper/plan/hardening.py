"""The stages that make other models of a trained one: bounded activations, quantization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paper.plan.models import QUANTIZED
from paper.plan.words import words
from paper.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paper.plan.models import Trained

SEARCHED = "clipact"
"""The mitigation that draws random numbers."""


def hardening_stages(model: Trained) -> Iterator[Stage]:
    """One for each mitigation."""
    source, images = model.file("float.onnx"), model.study.images("validation")
    for method in model.mitigations:
        seed = model.seed if method == SEARCHED else None
        search = () if seed is None else ("--seed", seed, *model.study.search)
        written = (model.file(f"{method}.onnx"), model.file(f"{method}.json"))
        command = words(
            *("relcheck", "harden", source, "--method", method, "--data", images, *search),
            *("-o", written[0], "--json", written[1]),
        )
        name = f"harden/{model.numbered}-{method}"
        yield Stage(name, command, (source, images), written, seed)


def quantization_stages(model: Trained) -> Iterator[Stage]:
    """Post-training quantization, also with bounded activations."""
    images = model.study.images("validation")
    for form in model.quantized:
        source, quantized = model.file(f"{form}.onnx"), QUANTIZED[form]
        written = (model.file(f"{quantized}.onnx"), model.file(f"{quantized}.json"))
        command = words(
            *("relcheck", "quantize", source, "--data", images),
            *("--images", model.study.calibration_images, "-o", written[0], "--json", written[1]),
        )
        ending = "" if form == "float" else f"-{form}"
        yield Stage(f"ptq/{model.numbered}{ending}", command, (source, images), written)
