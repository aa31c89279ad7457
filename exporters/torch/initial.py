"""``--init``: a published backbone as the beginning of a network, all but its classifier."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.errors import BadCheckpoint, quoted
from exporters.torch.checkpoint import (
    NESTED,
    PREFIXES,
    Shapes,
    describe,
    find_misfits,
    read_content,
)
from exporters.torch.layouts import find_layout
from exporters.torch.layouts.layout import Layout, Weights
from exporters.torch.layouts.plain import PlainLayout
from exporters.torch.nearest import nearest_architecture
from exporters.torch.optional_package import need
from exporters.torch.pretrained_file import made_by
from exporters.torch.zoo import AUXILIARY

if TYPE_CHECKING:
    from torch import nn

CONTAINERS = ("teacher", *NESTED)
"""Keys under which checkpoints keep weights; of DINO's two networks the teacher is evaluated."""


@dataclass(frozen=True)
class Initial:
    """The weights that a network begins with.

    Attributes:
        origin: File, layout and digest, for people.
        layout: Name of the layout.
        sha256: Digest of the file.
        loaded: Number of tensors that were taken.
        fresh: Names of the classifier's tensors, if it begins with random weights.
    """

    origin: str
    layout: str
    sha256: str
    loaded: int
    fresh: tuple[str, ...]


def load_initial(network: nn.Module, path: Path, source: str) -> Initial:
    """Load a backbone into a network, in place.

    Args:
        network: changed in place.
        path: a checkpoint in one of the layouts of `exporters.torch.layouts`.
        source: the network as it was asked for, for messages.

    Raises:
        BadCheckpoint: it cannot be read, or it does not hold all weights but the classifier's,
            or it holds others.
    """
    with need("torch").serialization.safe_globals([argparse.Namespace]):  # DINO keeps its options
        found = read_content(path)
    kept, maker = _weights(found, path)
    layout = _layout_of(kept, network)
    backbone = {
        name: value
        for name, value in layout.to_torchvision(kept).items()
        if not name.startswith(AUXILIARY)
    }
    name = maker or layout.name
    fresh = _load(network, backbone, f"checkpoint {path} ({name})", source)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    origin = f"{path.name} ({name}), sha256 {digest}"
    return Initial(origin, name, digest, len(backbone), fresh)


def _layout_of(weights: Weights, network: nn.Module) -> Layout:
    """The layout of a checkpoint; names all of which are the network's own need no other."""
    return PlainLayout() if weights.keys() <= network.state_dict().keys() else find_layout(weights)


def _weights(found: object, path: Path) -> tuple[Weights, str]:
    """Tensors by name, out of their container; and what relcheck says made them."""
    maker = ""
    while isinstance(found, Mapping):
        maker = made_by(found) or maker
        inner = next((k for k in CONTAINERS if isinstance(found.get(k), Mapping)), None)
        if inner is None:
            break
        found = found[inner]
    torch = need("torch")
    if not isinstance(found, Mapping) or not found:
        raise BadCheckpoint(
            f"checkpoint {path} holds no weights by name; it has a {type(found).__name__}"
        )
    others = [str(k) for k, v in found.items() if not isinstance(v, torch.Tensor)]
    if others:
        raise BadCheckpoint(f"checkpoint {path} holds no tensor under {quoted(others[0])}")
    return _unwrapped({str(name): value for name, value in found.items()}, path), maker


def _unwrapped(weights: Weights, path: Path) -> Weights:
    """Weights without the prefix that a wrapper of the network put before each name, once."""
    for prefix in PREFIXES:
        if not all(name.startswith(prefix) for name in weights):
            continue
        weights = {name.removeprefix(prefix): value for name, value in weights.items()}
        if twice := next((name for name in weights if name.startswith(prefix)), None):
            raise BadCheckpoint(
                f"checkpoint {path} has names that begin with {prefix} twice "
                f"({quoted(prefix + twice, 60)}), which no published layout has: take one off"
            )
    return weights


def _load(network: nn.Module, backbone: Weights, subject: str, source: str) -> tuple[str, ...]:
    """Load a backbone; returns the names of the classifier if it begins anew."""
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    classifier = classifier_of(network)
    last = {name for name in wanted if name.rpartition(".")[0] == classifier}
    found = {name: tuple(value.shape) for name, value in backbone.items()}
    if _other_classes(last, wanted, found):
        backbone = {name: value for name, value in backbone.items() if name not in last}
        found = {name: shape for name, shape in found.items() if name not in last}
    misfits = find_misfits(wanted, found)
    if misfits.unexpected or misfits.shapes or set(misfits.missing) not in (set(), last):
        raise BadCheckpoint(_refusal(wanted, found, last, subject, source))
    network.load_state_dict(backbone, strict=False)  # but for counters, all of them are there
    return misfits.missing


def _other_classes(last: set[str], wanted: Shapes, found: Shapes) -> bool:
    """True if the file has a classifier of the same inputs for another number of classes."""
    return (
        bool(last)
        and last <= found.keys()
        and any(found[name] != wanted[name] for name in last)
        and all(found[name][1:] == wanted[name][1:] for name in last)
    )


def _refusal(wanted: Shapes, found: Shapes, last: set[str], subject: str, source: str) -> str:
    """The sentence on a backbone that does not fit."""
    near = nearest_architecture(found)
    if near and near.fits and near.source != source:
        return f"{subject} holds the weights of {near.source}, not of {source}; train {near.source}"
    without = {name: shape for name, shape in wanted.items() if name not in last}
    misfits = find_misfits(without, {n: s for n, s in found.items() if n not in last})
    if last & found.keys():
        misfits = find_misfits(wanted, found)
    text = describe(misfits, wanted, found)
    if _is_timm(found):
        hint = "; its names are those of timm's Vision Transformers, which torchvision's are not"
    elif near and near.source != source:
        hint = f"; the nearest architecture is {near.source}, of which {near.share:.0%} fits"
    else:
        hint = ""
    return f"{subject} is no backbone of {source}: {text}{hint}"


def _is_timm(found: Shapes) -> bool:
    return "cls_token" in found and any(name.startswith("blocks.0.attn.") for name in found)


def classifier_of(network: nn.Module) -> str:
    """Name of the last linear layer of a network, or of its last convolution if it has none.

    Raises:
        BadCheckpoint: it has neither, so that nobody knows what may be missing.
    """
    torch = need("torch")
    for kind in (torch.nn.Linear, torch.nn.Conv2d):
        names = [name for name, module in network.named_modules() if isinstance(module, kind)]
        if names:
            return str(names[-1])
    raise BadCheckpoint("the network has neither a linear layer nor a convolution to begin anew")
