"""A network without its classifier: what pretraining trains, and fine-tuning takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.errors import BadNetwork
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch
    from torch import nn

PROBES = 2
"""Images of zeros that are run to find the classifier."""


@dataclass(frozen=True)
class Encoder:
    """A network whose classifier was taken out.

    Attributes:
        module: From float32 (n, C, H, W) to features (n, ``features``). Names of its weights are
            those of the whole network.
        classifier: Name of the layer that was taken out, e.g. ``fc``.
        features: Numbers that the classifier took of each image.
    """

    module: nn.Module
    classifier: str
    features: int

    @property
    def small(self) -> bool:
        """True for networks that are much smaller than those of the papers (2,048 features)."""
        return self.features < 512


def without_classifier(network: nn.Module, shape: tuple[int, int, int]) -> Encoder:
    """Take the classifier out: the linear layer whose output is that of the network. In place.

    Args:
        network: a classification network.
        shape: C, H, W of an input.

    Raises:
        BadNetwork: its output is not that of a linear layer, or it does not run.
    """
    torch = need("torch")
    outputs: list[tuple[str, Any]] = []

    def note(name: str) -> Any:
        return lambda _module, _inputs, output: outputs.append((name, output))

    layers = {n: m for n, m in network.named_modules() if isinstance(m, torch.nn.Linear) and n}
    hooks = [layer.register_forward_hook(note(name)) for name, layer in layers.items()]
    network.eval()
    try:
        with torch.no_grad():
            answer = network(torch.zeros(PROBES, *shape))
    except (RuntimeError, ValueError, IndexError, AssertionError) as error:
        size = "x".join(map(str, shape))
        raise BadNetwork(
            f"the network does not run on inputs of {size}: {str(error).splitlines()[0]}"
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    found = [name for name, output in outputs if output is answer]
    if not found:
        raise BadNetwork(
            "the network ends in no linear layer: pretraining takes the classifier out, and cannot "
            "tell which one it is"
        )
    features = layers[found[-1]].in_features
    _replace(network, found[-1], torch.nn.Identity())
    return Encoder(network, found[-1], features)


def _replace(network: nn.Module, name: str, other: nn.Module) -> None:
    place, _, leaf = name.rpartition(".")
    setattr(network.get_submodule(place), leaf, other)


def by_size(forward: Any, views: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    """Run views of one size together, so that BatchNorm sees them as one batch.

    Args:
        forward: from (n, C, H, W) to (n, d).
        views: each (n, C, H, W); those of one size stand side by side.

    Returns:
        One output (n, d) for each view.
    """
    torch = need("torch")
    sides = [view.shape[-1] for view in views]
    outputs: list[Any] = []
    for side in dict.fromkeys(sides):
        alike = [view for view in views if view.shape[-1] == side]
        outputs += forward(torch.cat(alike)).chunk(len(alike))
    return outputs
