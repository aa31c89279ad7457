"""The network of a training: made by name, with random weights or those of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.errors import BadCheckpoint, BadNetwork, BadOption, short
from analyzer.model import Preprocessing, read_preprocessing
from exporters.torch import cifar_zoo, factory, zoo
from exporters.torch.export import scaled
from exporters.torch.initial import Initial, load_initial
from exporters.torch.layouts.plain import PlainLayout
from exporters.torch.optional_package import need
from exporters.torch.source import Source, SourceKind

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class NetworkRequest:
    """The wishes about a network.

    Attributes:
        source: The network.
        classes: Size of its last layer, 2 or more.
        shape: C, H, W of the input; None: as its place recommends.
        preprocessing: Text by name of the metadata entry; other entries are as recommended.
        weights: A checkpoint with the network's own names; None: random weights.
        init: A checkpoint in any layout of `exporters.torch.layouts`; None: random weights.
        seed: Of random weights.
    """

    source: Source
    classes: int
    shape: Shape | None = None
    preprocessing: Mapping[str, str] | None = None
    weights: Path | None = None
    init: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class TrainableNetwork:
    """A network that is ready to be trained.

    Attributes:
        network: From float32 (n, C, H, W) to float32 (n, classes).
        shape: C, H, W.
        preprocessing: How images become inputs.
        initial: The weights that it begins with; None: random ones.
    """

    network: nn.Module
    shape: Shape
    preprocessing: Preprocessing
    initial: Initial | None


def make_network(request: NetworkRequest) -> TrainableNetwork:
    """Make a network and load the weights that it begins with.

    Args:
        request: the wishes.

    Raises:
        ExportError: a part of it cannot be had; the message says which.
        BadOption: an option does not suit the network.
    """
    need("torch")
    make = {SourceKind.TORCHVISION: _torchvision, SourceKind.CIFAR: _cifar}
    if request.source.kind is SourceKind.SEGMENTATION:
        raise BadOption(f"{request.source} answers for each pixel; give data with --masks")
    network, shape, base = make.get(request.source.kind, _own)(request)
    preprocessing = read_preprocessing(request.preprocessing or {}, "option", base)
    initial = _initial(network, request)
    _check(network, shape, request)
    return TrainableNetwork(network, shape, preprocessing, initial)


Ingredients = tuple["nn.Module", Shape, Preprocessing]


def _torchvision(request: NetworkRequest) -> Ingredients:
    name = request.source.name
    zoo.check_name(name)
    wanted = zoo.recommended(name, request.weights)
    shape = request.shape or (3, wanted.side, wanted.side)
    if shape[0] != 3:
        raise BadOption(f"--input: {request.source} takes three color channels")
    network = zoo.build_known(name, request.classes, request.seed)
    return network, shape, scaled(wanted, shape)


def _cifar(request: NetworkRequest) -> Ingredients:
    cifar_zoo.check_cifar_name(request.source.name)
    shape = request.shape or (3, cifar_zoo.SIDE, cifar_zoo.SIDE)
    if shape[0] != 3:
        raise BadOption(f"--input: {request.source} takes three color channels")
    network = cifar_zoo.build_cifar(request.source.name, request.classes, request.seed)
    return network, shape, cifar_zoo.PREPROCESSING


def _own(request: NetworkRequest) -> Ingredients:
    if request.shape is None:
        raise BadOption(
            f"--input is needed: nothing tells the size of the images that {request.source} takes"
        )
    try:
        network = factory.build_own(request.source, request.classes, request.seed)
    except BadOption:  # it makes networks of one size; `_check` says whether that is the right one
        network = factory.build_own(request.source, None, request.seed)
    return network, request.shape, Preprocessing("NCHW")


def _initial(network: nn.Module, request: NetworkRequest) -> Initial | None:
    if request.weights and request.init:
        raise BadOption("--weights and --init both name the weights to begin with; give one")
    if request.init:
        return load_initial(network, request.init, str(request.source))
    if not request.weights:
        return None
    found = load_initial(network, request.weights, str(request.source))
    if found.layout != PlainLayout.name:
        raise BadCheckpoint(
            f"checkpoint {request.weights} is one of {found.layout}; give it by --init"
        )
    return found


def _check(network: nn.Module, shape: Shape, request: NetworkRequest) -> None:
    """Run the network once: torch's own message says what is wrong."""
    torch = need("torch")
    network.eval()
    try:
        with torch.no_grad():
            answer = network(torch.zeros(2, *shape))
    except Exception as error:  # whatever somebody's code raises
        text = short(" ".join(str(error).split()))
        raise BadNetwork(f"{request.source} fails on an input of shape {shape}: {text}") from error
    if not isinstance(answer, torch.Tensor) or answer.ndim != 2 or answer.shape[0] != 2:
        raise BadNetwork(f"{request.source} does not answer one row of numbers for each image")
    if answer.shape[1] != request.classes:
        raise BadOption(
            f"{request.source} answers {answer.shape[1]} numbers for each image, and the data have "
            f"{request.classes} classes; let its factory take num_classes"
        )
