"""The stages that train: pretraining without classes, training, training in int8."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paper.plan.words import PREPROCESSING, words
from paper.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paper.plan.models import Trained

FACTORIES = Path("paper/networks.py")

FINE_TUNING = ("--lr", "0.2")
"""The rate of training from random weights; the default from other weights is a tenth of it."""


def training_stages(model: Trained) -> Iterator[Stage]:
    """From the images to ``float.onnx``."""
    if model.pretraining is not None:
        yield _pretraining(model, dict(model.study.pretrainings)[model.pretraining])
    yield _training(model)


def qat_stages(model: Trained) -> Iterator[Stage]:
    """Training in int8 from the trained weights, for the base network."""
    if not model.of_base:
        return
    study, weights = model.study, model.file("float.pt")
    written = (model.file("qat.onnx"), model.file("qat.json"))
    command = words(
        *("relcheck", "train", f"{FACTORIES}:{model.network}"),
        *("--weights", weights, "--qat", *_data(model), *PREPROCESSING),
        *("--epochs", study.qat_epochs, *study.training),
        *("--seed", model.seed, "--threads", 1, "-o", written[0], "--json", written[1]),
    )
    reads = (weights, *_images(model), FACTORIES)
    yield Stage(f"qat/{model.numbered}", command, reads, written, model.seed)


def _pretraining(model: Trained, method: str) -> Stage:
    written = (model.file("pretrained.pt"), model.file("pretrain.json"))
    command = words(
        *("relcheck", "pretrain", f"{FACTORIES}:{model.network}", "--method", method),
        *(*_data(model), *PREPROCESSING, "--epochs", model.study.pretraining_epochs),
        *("--batch", 128, "--optimizer", "adam", "--lr", "0.002"),
        *("--seed", model.seed, "--threads", 1, "-o", written[0], "--json", written[1]),
    )
    reads = (*_images(model), FACTORIES)
    return Stage(f"pretrain/{model.numbered}", command, reads, written, model.seed)


def _training(model: Trained) -> Stage:
    initial = (model.file("pretrained.pt"),) if model.pretraining else ()
    written = tuple(model.file(name) for name in ("float.pt", "float.onnx", "train.json"))
    command = words(
        *("relcheck", "train", f"{FACTORIES}:{model.network}"),
        *(("--init", *initial) if initial else ()),
        *(*_data(model), *PREPROCESSING, *(FINE_TUNING if initial else ())),
        *("--epochs", model.study.epochs, *model.study.training),
        *("--seed", model.seed, "--threads", 1),
        *("-o", written[0], "--onnx", written[1], "--json", written[2]),
    )
    reads = (*_images(model), *initial, FACTORIES)
    return Stage(f"train/{model.numbered}", command, reads, written, model.seed)


def _images(model: Trained) -> tuple[Path, Path]:
    return model.study.images("train"), model.study.images("validation")


def _data(model: Trained) -> tuple[str | Path, ...]:
    train, validation = _images(model)
    return ("--data", train, "--validation", validation)
