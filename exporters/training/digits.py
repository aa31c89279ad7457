"""Training of a small residual CNN on handwritten digits, and its export, float and int8.

Run ``python -m exporters.training.digits --out models``. The data is scikit-learn's copy of the
UCI test set "Optical Recognition of Handwritten Digits" (1797 images of 8x8 pixels, CC BY 4.0).

How the data was used: a stratified split with a fixed seed sets 600 images aside for testing. The
number of epochs, learning rate, noise and label smoothing were chosen among 16 combinations, three
seeds each, by the accuracy on a validation fifth of the other 1197 images (``--validate`` repeats
it for the choice and seed below). The network is then trained on all 1197 with seed 0, which was
not selected, and the test images serve only to report the accuracy.
"""

from __future__ import annotations

import argparse
import ast
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exporters.bare_model import strip
from exporters.datasets.archives import write_archive
from exporters.quantize.ptq import FloatArray, quantize
from exporters.quiet import quiet
from exporters.training.blocks import residual_block

if TYPE_CHECKING:
    import onnx
    import torch
    from torch import nn

ByteArray = npt.NDArray[np.uint8]
LabelArray = npt.NDArray[np.int64]

SEED = 0
TEST_IMAGES = 600
SCALE = 0.0625  # pixels count 0..16 set bits of a 4x4 cell, so this maps them to 0..1
MEAN, STD = 0.305, 0.376  # of the scaled training pixels
EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 40, 64, 0.01, 0.02
NOISE, SMOOTHING = 0.1, 0.05
OPSET, IR_VERSION = 20, 10
DATA_FILE = "digits_test.npz"
METADATA = {
    "relcheck.task": "classification",
    "relcheck.data": DATA_FILE,
    "relcheck.layout": "NCHW",
    "relcheck.scale": str(SCALE),
    "relcheck.mean": str(MEAN),
    "relcheck.std": str(STD),
    "relcheck.labels": "0,1,2,3,4,5,6,7,8,9",
    "relcheck.source": "Optical Recognition of Handwritten Digits by E. Alpaydin and C. Kaynak, "
    "UCI Machine Learning Repository, CC BY 4.0, as shipped with scikit-learn.",
}


@dataclass(frozen=True)
class Split:
    """Images and their classes."""

    images: ByteArray  # uint8 (N, 8, 8, 1), values 0..16
    labels: LabelArray  # int64 (N,), values 0..9

    def divide(self, second: int) -> tuple[Split, Split]:
        """Split off ``second`` images, stratified by class, always the same ones."""
        from sklearn.model_selection import train_test_split

        rows = np.arange(len(self.labels))
        parts = train_test_split(rows, test_size=second, stratify=self.labels, random_state=SEED)
        first, other = (Split(self.images[part], self.labels[part]) for part in map(np.sort, parts))
        return first, other


def load_data() -> tuple[Split, Split]:
    """The training split (1197 images) and the test split (600)."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    pixels = images.reshape(-1, 8, 8, 1).astype(np.uint8)
    return Split(pixels, labels.astype(np.int64)).divide(TEST_IMAGES)


def preprocess(images: ByteArray) -> FloatArray:
    """Turn stored images into network input.

    Args:
        images: uint8 (N, 8, 8, 1), values 0..16.

    Returns:
        float32 (N, 1, 8, 8), scaled and normalized.
    """
    scaled = images.transpose(0, 3, 1, 2).astype(np.float32) * np.float32(SCALE)
    return np.asarray((scaled - np.float32(MEAN)) / np.float32(STD), dtype=np.float32)


def build_network() -> nn.Module:
    """Build the untrained network."""
    from torch import nn

    return nn.Sequential(
        OrderedDict[str, nn.Module](
            stem=nn.Conv2d(1, 16, 3, 1, 1, bias=False),
            stem_bn=nn.BatchNorm2d(16),
            stem_relu=nn.ReLU(),
            stage1=nn.Sequential(OrderedDict(block0=residual_block(16, 16, stride=1))),
            stage2=nn.Sequential(OrderedDict(block0=residual_block(16, 32, stride=2))),
            stage3=nn.Sequential(OrderedDict(block0=residual_block(32, 64, stride=2))),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            head=nn.Linear(64, 10),
        )
    )


def augment(batch: torch.Tensor) -> torch.Tensor:
    """Shift every image by up to one pixel each way and add a little noise.

    Args:
        batch: float32 (N, 1, 8, 8), normalized.
    """
    import torch

    count, _, height, width = batch.shape
    padded = torch.nn.functional.pad(batch, (1, 1, 1, 1), value=-MEAN / STD)[:, 0]  # with ink 0
    rows = torch.randint(3, (count, 1)) + torch.arange(height)
    columns = torch.randint(3, (count, 1)) + torch.arange(width)
    shifted = padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return shifted[:, None] + NOISE / STD * torch.randn_like(batch)


def train(split: Split) -> nn.Module:
    """Train on a split from a fixed seed; the network is returned frozen, in evaluation mode."""
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # sums in a fixed order
    torch.use_deterministic_algorithms(True)
    images, labels = torch.from_numpy(preprocess(split.images)), torch.from_numpy(split.labels)
    network = build_network().train()
    steps = EPOCHS * (len(labels) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    for _ in range(EPOCHS):
        # The incomplete last batch is dropped; the next epoch's order is another one.
        for rows in torch.randperm(len(labels))[: steps // EPOCHS * BATCH].reshape(-1, BATCH):
            optimizer.zero_grad()
            loss_of(network(augment(images[rows])), labels[rows]).backward()
            optimizer.step()
            schedule.step()
    return network.eval().requires_grad_(False)


def fold_batchnorm(network: nn.Module) -> None:
    """Merge every BatchNorm into the convolution before it, in place."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for parent in list(network.modules()):
        for name, norm in list(parent.named_children()):
            if isinstance(norm, nn.BatchNorm2d):
                conv = name.removesuffix("_bn")  # the naming rule of exporters.training.blocks
                setattr(parent, conv, fuse_conv_bn_eval(getattr(parent, conv), norm))
                setattr(parent, name, nn.Identity())


def export(network: nn.Module) -> onnx.ModelProto:
    """Convert a folded network to ONNX with readable names and no traces of this machine."""
    import torch
    from onnxscript import opset20 as op

    with quiet():
        program = torch.onnx.export(
            network,
            (torch.zeros(2, 1, 8, 8),),
            input_names=["image"],
            output_names=["logits"],
            opset_version=OPSET,
            dynamic_shapes=({0: "N"},),
            dynamo=True,
            verbose=False,
            # Otherwise int64 axes and shapes for ReduceMean and Reshape sit among the weights.
            optimize=False,
            custom_translation_table={
                torch.ops.aten.mean.dim: lambda x, dim, keepdim: op.GlobalAveragePool(x),
                torch.ops.aten.view.default: lambda x, size: op.Flatten(x),
            },
        )
    assert program is not None  # only without dynamo
    model = program.model_proto  # a new copy at every access
    rename(model.graph)
    return strip(model, METADATA, ir_version=IR_VERSION)


def rename(graph: onnx.GraphProto) -> None:
    """Name nodes and values, in place, after the modules that the exporter noted for them."""
    names = {value.name: value.name for value in graph.output}
    for node in graph.node:
        notes = {prop.key: prop.value for prop in node.metadata_props}
        scope = ast.literal_eval(notes["pkg.torch.onnx.name_scopes"])[-2]
        # A block's addition is not a module of its own.
        node.name = f"{scope}.add" if node.op_type == "Add" else scope
        node.input[:] = [names.get(value, value) for value in node.input]
        node.output[:] = [names.setdefault(value, node.name) for value in node.output]


def torch_logits(network: nn.Module, images: ByteArray) -> FloatArray:
    """Run the torch network.

    Args:
        network: in evaluation mode.
        images: uint8 (N, 8, 8, 1), values 0..16.

    Returns:
        float32 (N, 10).
    """
    import torch

    return np.asarray(network(torch.from_numpy(preprocess(images))).numpy(), dtype=np.float32)


def onnx_logits(path: Path, images: ByteArray) -> FloatArray:
    """Run an ONNX file in ONNX Runtime.

    Args:
        path: the file.
        images: uint8 (N, 8, 8, 1), values 0..16.

    Returns:
        float32 (N, 10).
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["logits"], {"image": preprocess(images)})[0], dtype=np.float32)


def accuracy(logits: FloatArray, labels: LabelArray) -> str:
    """The number of correct answers, in words.

    Args:
        logits: float32 (N, 10).
        labels: int64 (N,), values 0..9.
    """
    right = int((logits.argmax(axis=1) == labels).sum())
    return f"{right}/{len(labels)} correct ({right / len(labels):.2%})"


def validate() -> None:
    """Repeat the measurement behind the hyperparameters; the test split is not involved."""
    training, _ = load_data()
    fitted, held_out = training.divide(len(training.labels) // 5)
    print(accuracy(torch_logits(train(fitted), held_out.images), held_out.labels))


def make(out: Path) -> None:
    """Train on the whole training split, write the three files and report on them."""
    training, test = load_data()
    network = train(training)
    fold_batchnorm(network)
    out.mkdir(parents=True, exist_ok=True)
    plain, small = out / "digits_resnet.onnx", out / "digits_resnet_int8.onnx"
    plain.write_bytes(export(network).SerializeToString(deterministic=True))
    quantize(plain, np.array_split(preprocess(training.images), 8), small)
    content = write_archive({"images": test.images, "labels": test.labels})
    (out / DATA_FILE).write_bytes(content)
    print("parameters:", sum(parameter.numel() for parameter in network.parameters()))
    difference = np.abs(torch_logits(network, test.images) - onnx_logits(plain, test.images))
    print(f"largest difference between torch and ONNX Runtime: {difference.max():.2e}")
    for path in (plain, small):
        result = accuracy(onnx_logits(path, test.images), test.labels)
        print(f"{path.name}: {path.stat().st_size} bytes, test split {result}")


def main() -> None:
    """Command line entry point."""
    parser = argparse.ArgumentParser(description="Train and export the digits demo network.")
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder for the files")
    parser.add_argument("--validate", action="store_true", help="only measure on validation data")
    arguments = parser.parse_args()
    if arguments.validate:
        validate()
    else:
        make(arguments.out)


if __name__ == "__main__":
    main()
