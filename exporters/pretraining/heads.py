"""The small networks behind a backbone that only pretraining needs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from exporters.torch.optional_package import need

if TYPE_CHECKING:
    from torch import nn

INITIAL_DEVIATION = 0.02
"""Of the weights of DINO's head, as in Vision Transformers."""


def simsiam_projector(features: int, dim: int, layers: int) -> nn.Module:
    """SimSiam's projection: BatchNorm behind every layer, ReLU behind all but the last.

    Chen and He 2021, arXiv:2011.10566, section 3. The last BatchNorm has no weights.

    Args:
        features: of the backbone.
        dim: of every layer, and of the embedding.
        layers: 1 or more.
    """
    nn = need("torch").nn
    parts: list[Any] = []
    for index in range(layers):
        last = index == layers - 1
        parts += [
            nn.Linear(dim if index else features, dim, bias=False),
            nn.BatchNorm1d(dim, affine=not last),
        ]
        parts += [] if last else [nn.ReLU()]
    return nn.Sequential(*parts)


def simsiam_predictor(dim: int, hidden: int) -> nn.Module:
    """SimSiam's prediction, a bottleneck (section 3).

    Args:
        dim: of the embedding.
        hidden: of the bottleneck.
    """
    nn = need("torch").nn
    return nn.Sequential(
        nn.Linear(dim, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, dim),
    )


def swav_projector(features: int, hidden: int, dim: int) -> nn.Module:
    """SwAV's projection (Caron et al. 2020, arXiv:2006.09882, section 4.1).

    Args:
        features: of the backbone.
        hidden: of the middle.
        dim: of the embedding.
    """
    nn = need("torch").nn
    return nn.Sequential(
        nn.Linear(features, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, dim)
    )


def dino_head(features: int, hidden: int, dim: int, out: int, norm: bool) -> nn.Module:
    """DINO's head up to the l2 normalization, and its last layer (arXiv:2104.14294, appendix C).

    Args:
        features: of the backbone.
        hidden: of the two layers in the middle.
        dim: of the bottleneck.
        out: of the last layer, whose rows have norm 1.
        norm: BatchNorm behind the two layers in the middle.

    Returns:
        A module with the parts ``mlp``: (n, features) to (n, dim), and ``last``: (n, dim) to
        (n, out).
    """
    nn = need("torch").nn
    sizes = (features, hidden, hidden, dim)
    linear = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    for layer in linear:
        nn.init.trunc_normal_(layer.weight, std=INITIAL_DEVIATION)
        nn.init.zeros_(layer.bias)
    between = [[nn.BatchNorm1d(hidden), nn.GELU()] if norm else [nn.GELU()] for _ in range(2)]
    mlp = nn.Sequential(linear[0], *between[0], linear[1], *between[1], linear[2])
    last = nn.utils.parametrizations.weight_norm(nn.Linear(dim, out, bias=False))
    norms = last.parametrizations.weight.original0
    norms.data.fill_(1.0)
    norms.requires_grad_(False)
    return nn.ModuleDict({"mlp": mlp, "last": last})
