"""Checkpoints of SSLTransformerRS: two Swin backbones, alone or with the decoders of a Swin-UNet.

As its code writes them: backbones pretrained together are ``{epoch, arch, state_dict, optimizer}``,
networks trained for a task ``{model_weights, optim_state, ...}``. Beside the weights in use such
files hold tables that a network computes, a classifier of the pretraining, the backbones a second
time within each decoder, blocks of an encoder that no decoder runs, and the last layers of the
second decoder, which nothing runs either.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import BadCheckpoint
from exporters.torch.checkpoint import put_weights, read_weights

if TYPE_CHECKING:
    from torch import nn

COMPUTED = (".attn_mask", ".relative_position_index")
"""Ends of the names of tables that a network computes."""

UNUSED = (
    "backbone1.head.",
    "backbone2.head.",
    "decoder1.backbone.",
    "decoder2.backbone.",
    "decoder1.layers.",
    "decoder2.layers.",
    "decoder2.up.",
    "decoder2.output.",
)
"""Beginnings of the names of weights that no segmentation network of this layout runs."""

BACKBONE = "backbone{}."
FIRST_LAYER = "patch_embed.proj.weight"

Weights = Mapping[str, Any]
"""Tensor by name."""


def used_weights(weights: Weights) -> dict[str, Any]:
    """The weights that a segmentation network runs.

    >>> used_weights({"backbone1.norm.bias": 1, "backbone1.head.bias": 2})
    {'backbone1.norm.bias': 1}
    """
    return {
        name: value
        for name, value in weights.items()
        if not name.endswith(COMPUTED) and not name.startswith(UNUSED)
    }


def load_published(network: nn.Module, path: Path) -> None:
    """Load a trained Swin-UNet, in the published layout or in our own, in place.

    Args:
        network: of `networks.build_segmentation`; changed in place.
        path: a file saved by ``torch.save``.

    Raises:
        BadCheckpoint: the file cannot be read, has no decoder, or does not fit.
    """
    weights = used_weights(read_weights(path))
    if weights and all(name.startswith("backbone") for name in weights):
        raise BadCheckpoint(
            f"checkpoint {path} holds backbones without a decoder, which gives no class to any "
            "pixel; train one on them: relcheck train segmentation:NAME --init"
        )
    put_weights(network, weights, path)


def load_backbones(network: nn.Module, path: Path) -> tuple[str, ...]:
    """Load pretrained backbones into a network whose decoders stay as they are, in place.

    A network of one input takes the backbone that has its channels.

    Args:
        network: of `networks.build_segmentation`; changed in place.
        path: a file saved by ``torch.save``, with or without decoders.

    Returns:
        Names of the backbones that were taken.

    Raises:
        BadCheckpoint: the file cannot be read, has no such backbone, or does not fit.
    """
    import torch

    found = used_weights(read_weights(path))
    taken = []
    wanted = dict(network.state_dict())
    for number, bands in enumerate(_bands(network), 1):
        source = _backbone_with(found, bands, path)
        name = BACKBONE.format(number)
        loaded = {
            name + key.removeprefix(source): value
            for key, value in found.items()
            if key.startswith(source)
        }
        wanted = {key: value for key, value in wanted.items() if not key.startswith(name)} | loaded
        taken.append(source.removesuffix("."))
    assert all(isinstance(value, torch.Tensor) for value in wanted.values())
    put_weights(network, wanted, path)
    return tuple(taken)


def _bands(network: nn.Module) -> tuple[int, ...]:
    bands: tuple[int, ...] = tuple(network.bands)  # type: ignore[arg-type, unused-ignore]
    return bands


def _backbone_with(weights: Weights, bands: int, path: Path) -> str:
    """The beginning of the names of the backbone that takes so many channels."""
    channels = {
        name.removesuffix(FIRST_LAYER): int(value.shape[1])
        for name, value in weights.items()
        if name.startswith("backbone") and name.endswith("." + FIRST_LAYER)
    }
    for name, count in channels.items():
        if count == bands:
            return name
    told = ", ".join(f"{name.removesuffix('.')} with {n}" for name, n in channels.items())
    raise BadCheckpoint(
        f"checkpoint {path} has no backbone of {bands} channels: it has {told or 'none at all'}"
    )
