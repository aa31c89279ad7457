"""``relcheck export``: from the name of a network to an ONNX model and what is to be said of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.errors import BadOption
from analyzer.model import Preprocessing, read_preprocessing, write_preprocessing
from exporters.torch import checkpoint, factory, zoo
from exporters.torch.optional_package import need
from exporters.torch.source import Source, SourceKind
from exporters.torch.torch_model import Shape, convert

if TYPE_CHECKING:
    import onnx
    from torch import nn

SEED = 0


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes:
        source: Which network.
        weights: A checkpoint; None: as the network is made.
        classes: Size of the last layer; None: as the network has it.
        shape: C, H, W of the input; None: as torchvision recommends.
        preprocessing: What is said of it, as text by name of the entry; the rest is recommended.
    """

    source: Source
    weights: Path | None
    classes: int | None
    shape: Shape | None
    preprocessing: Mapping[str, str]


@dataclass(frozen=True)
class Converted:
    """A network in both forms, and what is to be said of it.

    Attributes:
        model: The ONNX form.
        network: The torch form.
        shape: C, H, W of the input.
        parameters: Trained numbers in the torch form.
        preprocessing: How images become inputs.
        weights: Where the weights come from, for people.
        notes: What is not as one may expect.
    """

    model: onnx.ModelProto
    network: nn.Module
    shape: Shape
    parameters: int
    preprocessing: Preprocessing
    weights: str
    notes: tuple[str, ...]


def build(request: Request) -> Converted:
    """Makes the network, loads its weights and converts it.

    Raises:
        ExportError: Something of it cannot be had; the message says what.
        BadOption: An option does not suit the network.
    """
    known = request.source.kind is SourceKind.TORCHVISION
    need("torch")
    need("onnxscript")
    if known:
        network, shape, base, notes = _known(request)
    else:
        network, shape, base, notes = _own(request)
    if request.weights:
        checkpoint.load_weights(network, request.weights, zoo.AUXILIARY if known else ())
    elif known:
        zoo.settle_batchnorm(network, shape, SEED)
    preprocessing = read_preprocessing(request.preprocessing, "option", base)
    weights = _weights_text(request, known)
    source = {"relcheck.source": f"{request.source}, {weights}"}
    entries = {"relcheck.task": "classification", **write_preprocessing(preprocessing), **source}
    parameters = sum(parameter.numel() for parameter in network.parameters())
    model = convert(network, shape, entries)
    return Converted(model, network, shape, parameters, preprocessing, weights, notes)


Made = tuple["nn.Module", Shape, Preprocessing, tuple[str, ...]]


def _known(request: Request) -> Made:
    """A network of torchvision with random weights, its shape, its preprocessing, remarks."""
    name = request.source.name
    zoo.check_name(name)
    wanted = zoo.recommended(name, request.weights)
    shape = request.shape or (3, wanted.side, wanted.side)
    if shape[0] != 3:
        raise BadOption(f"--input: {request.source} takes three color channels")
    notes = []
    if wanted.bicubic:
        notes.append("torchvision resizes by bicubic interpolation, relcheck run bilinearly")
    network = zoo.build_known(name, request.classes or zoo.IMAGENET_CLASSES, SEED)
    return network, shape, scaled(wanted, shape), tuple(notes)


def _own(request: Request) -> Made:
    """The same of a user's own network; nobody but the user knows how its images are prepared."""
    if request.shape is None:
        raise BadOption(
            f"--input is needed: nothing tells the size of the images that {request.source} takes"
        )
    network = factory.build_own(request.source, request.classes, SEED)
    notes = () if request.preprocessing else ("no preprocessing was given: x = pixel / 255",)
    return network, request.shape, Preprocessing("NCHW"), notes


def scaled(wanted: zoo.Recommended, shape: Shape) -> Preprocessing:
    """Torchvision's resizing and cropping, in proportion, for inputs of another size.

    Images for an input that is not square are resized to it as they are.
    """
    _, rows, columns = shape
    if rows != columns:
        return replace(wanted.preprocessing, resize=None, crop=None)
    resize = wanted.preprocessing.resize or wanted.side
    return replace(
        wanted.preprocessing, resize=max(rows, round(resize * rows / wanted.side)), crop=rows
    )


def _weights_text(request: Request, known: bool) -> str:
    if request.weights:
        digest = hashlib.sha256(request.weights.read_bytes()).hexdigest()
        return f"weights {request.weights.name}, sha256 {digest}"
    if known:
        return f"random weights, seed {SEED}: no accuracy is to be expected"
    return f"weights as {request.source.name} leaves them, seed {SEED}"
