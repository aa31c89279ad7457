"""The collapse monitor: how far embeddings spread over the sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch

COLLAPSED = 0.1
"""A spread below it is called a collapse."""

SETTLED = 30
"""Steps after which a collapse can be told: before, running statistics of BatchNorm, with which
embeddings are measured, are still those of the beginning (0.9^30 = 4 %)."""


def spread(embeddings: torch.Tensor) -> float:
    """Mean standard deviation of each dimension of the l2-normalized embeddings, times sqrt(d).

    1 if they spread evenly over the sphere, 0 if all of them are one vector (Chen and He 2021,
    arXiv:2011.10566, section 4.1: the deviation is 1/sqrt(d) of an even spread, 0 of a collapse).

    Args:
        embeddings: float32 (n, d).
    """
    torch = need("torch")
    points = torch.nn.functional.normalize(embeddings.double(), dim=1)
    deviation = points.std(dim=0, correction=0).mean()
    return float(deviation * points.shape[1] ** 0.5)
