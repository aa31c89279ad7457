"""Training of two small networks on CIFAR-10, and their export, float and int8.

Run ``python -m exporters.training.cifar --data DATA --test TEST --out models``. CIFAR-10 (A.
Krizhevsky, "Learning multiple layers of features from tiny images", 2009) is not part of this
repository; ``relcheck data cifar10 DIR`` fetches it.

How the data was used: the networks see training images only, and the ranges of the int8 twins come
from them, too. The recipes were fixed in advance; the last epoch is exported, whatever its
accuracy. The test images serve only to report the accuracy.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analyzer.model import Preprocessing, write_preprocessing
from exporters.datasets.cifar10 import NAMES, SIDE, Subset, read_cifar10
from exporters.quantize.ptq import FloatArray, quantize
from exporters.torch.torch_model import INPUT, OUTPUT, check_parity, convert
from exporters.training.cifar_nets import mobilenet, resnet20
from exporters.training.sgd import Recipe, train

if TYPE_CHECKING:
    from torch import nn

    from exporters.datasets.images import LabelledImages

SHAPE = (3, SIDE, SIDE)
CALIBRATION_IMAGES, CALIBRATION_BATCHES = 512, 8
TEST_BATCH = 100


@dataclass(frozen=True)
class Task:
    """One network and its recipe."""

    build: Callable[[], nn.Module]
    recipe: Recipe


TASKS = {
    "resnet20": Task(resnet20, Recipe(epochs=16)),
    "mobilenet": Task(mobilenet, Recipe(epochs=16, weight_decay=2e-4)),
}


def metadata(recipe: Recipe) -> dict[str, str]:
    """Metadata of the exported file."""
    preprocessing = Preprocessing("NCHW", mean=recipe.mean, std=recipe.std)
    return {
        "relcheck.task": "classification",
        "relcheck.data": "cifar10_test.npz",
        **write_preprocessing(preprocessing),
        "relcheck.labels": ",".join(NAMES),
        "relcheck.source": "trained on CIFAR-10 by exporters/training/cifar.py, seed "
        f"{recipe.seed}, {recipe.epochs} epochs",
    }


def prepare(images: LabelledImages, recipe: Recipe) -> FloatArray:
    """Turn pixels into network input.

    Args:
        images: pixels uint8 (N, 32, 32, 3).
        recipe: its mean and standard deviation are used.

    Returns:
        float32 (N, 3, 32, 32).
    """
    mean, std = (np.asarray(values, np.float32) for values in (recipe.mean, recipe.std))
    scaled = images.pixels.astype(np.float32) * np.float32(Preprocessing().scale)
    return np.ascontiguousarray(((scaled - mean) / std).transpose(0, 3, 1, 2), np.float32)


def accuracy(path: Path, images: LabelledImages, recipe: Recipe) -> str:
    """Run an ONNX file in ONNX Runtime and count correct answers, in words.

    Args:
        path: the file.
        images: pixels uint8 (N, 32, 32, 3), labels int64 (N,).
        recipe: its mean and standard deviation are used.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = prepare(images, recipe)
    right = 0
    for start in range(0, len(inputs), TEST_BATCH):
        rows = slice(start, start + TEST_BATCH)
        answers = np.asarray(session.run([OUTPUT], {INPUT: inputs[rows]})[0])
        right += int((answers.argmax(axis=1) == images.labels[rows]).sum())
    return f"{right}/{len(inputs)} correct ({right / len(inputs):.2%})"


def make(
    name: str, training: LabelledImages, test: LabelledImages, scratch: Path, out: Path
) -> None:
    """Train one network, or take it from its last checkpoint; write two files and report.

    Args:
        name: one of `TASKS`.
        training: images that it is trained and calibrated on.
        test: images that its accuracy is reported on.
        scratch: folder for checkpoints.
        out: folder for the files.
    """
    task = TASKS[name]

    def tell(text: str) -> None:
        print(f"{name}: {text}", flush=True)

    network = train(task.build, training, task.recipe, scratch / name, tell)
    model = convert(network, SHAPE, metadata(task.recipe))
    parity = check_parity(model, network, SHAPE, task.recipe.seed)
    tell(f"largest difference between torch and ONNX Runtime: {parity.difference:.2e}")
    out.mkdir(parents=True, exist_ok=True)
    plain, small = out / f"cifar_{name}.onnx", out / f"cifar_{name}_int8.onnx"
    plain.write_bytes(model.SerializeToString(deterministic=True))
    calibration = prepare(training.first(CALIBRATION_IMAGES), task.recipe)
    quantize(plain, np.array_split(calibration, CALIBRATION_BATCHES), small)
    tell(f"parameters: {sum(parameter.numel() for parameter in network.parameters())}")
    for path in (plain, small):
        result = accuracy(path, test, task.recipe)
        tell(f"{path.name}: {path.stat().st_size} bytes, test images {result}")


def main() -> None:
    """Command line entry point."""
    parser = argparse.ArgumentParser(description="Train and export the CIFAR-10 networks.")
    parser.add_argument("--data", type=Path, required=True, help="training images: .npz or folder")
    parser.add_argument("--test", type=Path, help="test images, if not in --data")
    parser.add_argument("--net", choices=TASKS, nargs="+", default=list(TASKS))
    parser.add_argument("--scratch", type=Path, default=Path("build/cifar"), help="checkpoints")
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder for the files")
    arguments = parser.parse_args()
    training = read_cifar10(arguments.data, Subset.TRAIN)
    test = read_cifar10(arguments.test or arguments.data, Subset.TEST)
    for name in arguments.net:
        make(name, training, test, arguments.scratch, arguments.out)


if __name__ == "__main__":
    main()
