"""The network of a training: made by name, with random weights or those of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.errors import BadCheckpoint, BadNetwork, BadOption, short
from analyzer.model import Preprocessing, read_preprocessing
from exporters.segmentation import networks
from exporters.segmentation.pooled import build_pooled_encoder
from exporters.segmentation.published import load_backbones, load_published
from exporters.torch import cifar_zoo, factory, zoo
from exporters.torch.checkpoint import read_content
from exporters.torch.export import scaled
from exporters.torch.initial import Initial, load_initial
from exporters.torch.layouts.plain import PlainLayout
from exporters.torch.optional_package import need
from exporters.torch.pretrained_file import made_by
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
        pixels: True if each pixel has a class, instead of each image.
        features: True if features of whole images are to be learned: of a segmentation network the
            encoder.
    """

    source: Source
    classes: int
    shape: Shape | None = None
    preprocessing: Mapping[str, str] | None = None
    weights: Path | None = None
    init: Path | None = None
    seed: int = 0
    pixels: bool = False
    features: bool = False


@dataclass(frozen=True)
class TrainableNetwork:
    """A network that is ready to be trained.

    Attributes:
        network: From float32 (n, C, H, W) to float32 (n, classes), or (n, classes, H, W); one with
            ``bands`` takes the channels of its inputs apart.
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
    make = {
        SourceKind.TORCHVISION: _torchvision,
        SourceKind.CIFAR: _cifar,
        SourceKind.SEGMENTATION: _segmentation,
    }
    whole_images = not (request.pixels or request.features)
    if request.source.kind is SourceKind.SEGMENTATION and whole_images:
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


def _segmentation(request: NetworkRequest) -> Ingredients:
    name, shape = request.source.name, request.shape
    sizes = networks.dimensions_of(name, request.classes, shape)
    sides = shape[1:] if shape else (networks.SIDE, networks.SIDE)
    base = networks.preprocessing_of(sizes, request.preprocessing or {})
    if request.features:
        network = build_pooled_encoder(sizes, request.classes, request.seed)
    else:
        network = networks.build_segmentation(sizes, request.seed)
    return network, (sum(sizes.bands), *sides), base


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
    path = request.init or request.weights
    if path and request.source.kind is SourceKind.SEGMENTATION:
        return _initial_pixels(network, path, whole=request.init is None)
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


def _initial_pixels(network: nn.Module, path: Path, *, whole: bool) -> Initial:
    """The weights of a segmentation network, or of its backbones alone."""
    if whole:
        load_published(network, path)
        taken, fresh = sorted(network.state_dict()), ()
    else:
        backbones = tuple(f"{name}." for name in load_backbones(network, path).values())
        taken = [name for name in network.state_dict() if name.startswith(backbones)]
        fresh = tuple(name for name in network.state_dict() if not name.startswith(backbones))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    name = made_by(read_content(path)) or "SSLTransformerRS"
    return Initial(f"{path.name} ({name}), sha256 {digest}", name, digest, len(taken), fresh)


def _check(network: nn.Module, shape: Shape, request: NetworkRequest) -> None:
    """Run the network once: torch's own message says what is wrong."""
    torch = need("torch")
    network.eval()
    try:
        with torch.no_grad():
            bands = tuple(getattr(network, "bands", shape[:1]))
            answer = network(*torch.zeros(2, *shape).split(bands, dim=1))
    except Exception as error:  # whatever somebody's code raises
        text = short(" ".join(str(error).split()))
        raise BadNetwork(f"{request.source} fails on an input of shape {shape}: {text}") from error
    axes, sides = (4, shape[1:]) if request.pixels else (2, ())
    fits = isinstance(answer, torch.Tensor) and answer.ndim == axes and answer.shape[0] == 2
    if not fits or tuple(answer.shape[2:]) != tuple(sides):
        each = "pixel, as a map of the input's size for each class" if request.pixels else "image"
        row = "scores for each" if request.pixels else "one row of numbers for each"
        raise BadNetwork(f"{request.source} does not answer {row} {each}")
    if answer.shape[1] != request.classes:
        what = "pixel" if request.pixels else "image"
        raise BadOption(
            f"{request.source} answers {answer.shape[1]} numbers for each {what}, and the data "
            f"have {request.classes} classes; let its factory take num_classes"
        )
