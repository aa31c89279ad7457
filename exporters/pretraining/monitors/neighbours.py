"""The weighted k-nearest-neighbour probe of features, which needs no training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch

NEIGHBOURS, TEMPERATURE = 200, 0.07
"""Wu et al. 2018, arXiv:1805.01978, section 3.4."""

AT_ONCE = 1024
"""Images whose neighbours are looked for together; bounds the memory."""


def neighbours_for(bank: int) -> int:
    """Neighbours that vote: those of the paper, in a small bank a tenth of it.

    >>> neighbours_for(50_000), neighbours_for(500), neighbours_for(3)
    (200, 50, 1)
    """
    return max(1, min(NEIGHBOURS, bank // 10))


def vote(
    bank: torch.Tensor,
    labels: torch.Tensor,
    queries: torch.Tensor,
    classes: int,
    neighbours: int,
    temperature: float = TEMPERATURE,
) -> torch.Tensor:
    """Predict classes: neighbours vote with weights exp(s / T), s their cosine similarity.

    Wu et al. 2018, arXiv:1805.01978, section 3.4.

    Args:
        bank: float32 (m, d), features of images whose classes are known.
        labels: int64 (m,), their classes.
        queries: float32 (n, d).
        classes: number of classes.
        neighbours: that vote, 1 to m.
        temperature: T, above 0.

    Returns:
        int64 (n,), the class with most votes, of equal ones the first.
    """
    torch = need("torch")
    known = torch.nn.functional.normalize(bank, dim=1)
    found = []
    for part in torch.nn.functional.normalize(queries, dim=1).split(AT_ONCE):
        similar, rows = (part @ known.T).topk(neighbours, dim=1)
        votes = torch.zeros(len(part), classes, dtype=bank.dtype, device=bank.device)
        votes.scatter_add_(1, labels[rows], ((similar - 1.0) / temperature).exp())
        found.append(votes.argmax(dim=1))
    return torch.cat(found)
