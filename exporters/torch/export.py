"""``relcheck export``: from the name of a network to an ONNX model, and the facts about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.errors import BadOption
from analyzer.model import Preprocessing, read_preprocessing, write_preprocessing
from analyzer.model.metadata import write_labels
from exporters.segmentation import networks
from exporters.segmentation.published import load_published
from exporters.torch import checkpoint, factory, zoo
from exporters.torch.cifar_zoo import CLASSES, PREPROCESSING, SIDE, build_cifar, check_cifar_name
from exporters.torch.optional_package import need
from exporters.torch.source import OWN_PLACES, Source, SourceKind
from exporters.torch.torch_model import Inputs, Shape, convert
from exporters.torch.trained_file import read_facts

if TYPE_CHECKING:
    import onnx
    from torch import nn

SEED = 0
"""Of random weights, and of the inputs that both forms are compared on."""


@dataclass(frozen=True)
class ExportRequest:
    """The wishes of one export.

    Attributes:
        source: The network.
        weights: A checkpoint; None: as the network is made.
        classes: Size of the last layer; None: as the network has it.
        shape: C, H, W of the input; None: as torchvision recommends.
        preprocessing: Text by name of the metadata entry; other entries are as recommended.
    """

    source: Source
    weights: Path | None
    classes: int | None
    shape: Shape | None
    preprocessing: Mapping[str, str]


@dataclass(frozen=True)
class Conversion:
    """A network in both forms, and the facts about it.

    Attributes:
        model: The ONNX form.
        network: The torch form.
        shape: C, H, W of the input; by name where there are several.
        parameters: Trained numbers in the torch form.
        preprocessing: How images become inputs.
        weights: The source of the weights, for people.
        notes: Remarks on what may surprise.
    """

    model: onnx.ModelProto
    network: nn.Module
    shape: Shape | Inputs
    parameters: int
    preprocessing: Preprocessing
    weights: str
    notes: tuple[str, ...]


def build(request: ExportRequest) -> Conversion:
    """Make the network, load its weights and convert it.

    Raises:
        ExportError: a part of it cannot be had; the message says which.
        BadOption: an option does not suit the network.
    """
    need("torch")
    need("onnxscript")
    make = {
        SourceKind.TORCHVISION: _known,
        SourceKind.SEGMENTATION: _segmentation,
        SourceKind.CIFAR: _cifar,
    }
    facts = read_facts(request.weights) if request.weights else None
    if facts:
        request = replace(
            request, classes=request.classes or facts.classes, shape=request.shape or facts.shape
        )
    network, shape, base, notes = make.get(request.source.kind, _own)(request)
    if facts:
        base, notes = read_preprocessing(facts.preprocessing, "checkpoint's entry"), ()
    preprocessing = read_preprocessing(request.preprocessing, "option", base)
    weights = _weights_text(request)
    source = {"relcheck.source": f"{request.source}, {weights}"}
    pixels = request.source.kind is SourceKind.SEGMENTATION
    task = {"relcheck.task": "segmentation" if pixels else "classification"}
    names = {"relcheck.labels": write_labels(facts.names)} if facts and facts.names else {}
    entries = {**task, **write_preprocessing(preprocessing), **names, **source}
    parameters = sum(parameter.numel() for parameter in network.parameters())
    model = convert(network, shape, entries)
    return Conversion(model, network, shape, parameters, preprocessing, weights, notes)


Ingredients = tuple["nn.Module", Shape | Inputs, Preprocessing, tuple[str, ...]]
"""A network, the shape of its input or of several, its preprocessing, and remarks."""


def _known(request: ExportRequest) -> Ingredients:
    """A network of torchvision."""
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
    if request.weights:
        checkpoint.load_weights(network, request.weights, zoo.AUXILIARY)
    else:
        zoo.settle_batchnorm(network, shape, SEED)
    return network, shape, scaled(wanted, shape), tuple(notes)


def _own(request: ExportRequest) -> Ingredients:
    """A user's own network; nobody but the user knows how its images are prepared."""
    if request.shape is None:
        raise BadOption(
            f"--input is needed: nothing tells the size of the images that {request.source} takes"
        )
    network = factory.build_own(request.source, request.classes, SEED)
    if request.weights:
        checkpoint.load_weights(network, request.weights)
    notes = () if request.preprocessing else ("no preprocessing was given: x = pixel / 255",)
    return network, request.shape, Preprocessing("NCHW"), notes


def _segmentation(request: ExportRequest) -> Ingredients:
    """A segmentation network of our own."""
    sizes = networks.dimensions_of(request.source.name, request.classes, request.shape)
    network = networks.build_segmentation(sizes, SEED)
    if request.weights:
        load_published(network, request.weights)
    sides = request.shape[1:] if request.shape else (networks.SIDE, networks.SIDE)
    notes = () if request.preprocessing else ("no preprocessing was given: x = pixel / 255",)
    return network, networks.inputs_of(sizes, sides), Preprocessing("NCHW"), notes


def _cifar(request: ExportRequest) -> Ingredients:
    """A network of our own for images of 32x32 pixels."""
    check_cifar_name(request.source.name)
    shape = request.shape or (3, SIDE, SIDE)
    network = build_cifar(request.source.name, request.classes or CLASSES, SEED)
    if request.weights:
        checkpoint.load_weights(network, request.weights)
    else:
        zoo.settle_batchnorm(network, shape, SEED)
    return network, shape, PREPROCESSING, ()


def scaled(wanted: zoo.Recommendation, shape: Shape) -> Preprocessing:
    """Torchvision's resizing and cropping, in proportion, for inputs of another size.

    Images for an input that is not square are resized to it as they are.

    Args:
        wanted: torchvision's description.
        shape: C, H, W of the input.
    """
    _, rows, columns = shape
    if rows != columns:
        return replace(wanted.preprocessing, resize=None, crop=None)
    resize = wanted.preprocessing.resize or wanted.side
    return replace(
        wanted.preprocessing, resize=max(rows, round(resize * rows / wanted.side)), crop=rows
    )


def _weights_text(request: ExportRequest) -> str:
    if request.weights:
        digest = hashlib.sha256(request.weights.read_bytes()).hexdigest()
        return f"weights {request.weights.name}, sha256 {digest}"
    if request.source.kind in OWN_PLACES:
        return f"random weights, seed {SEED}: no accuracy is to be expected"
    return f"weights as {request.source.name} leaves them, seed {SEED}"
