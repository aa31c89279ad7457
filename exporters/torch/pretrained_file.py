"""The file that ``relcheck pretrain`` writes and ``relcheck train --init`` takes.

The backbone has the names of the network itself, without its classifier; what made it is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORMAT = "relcheck pretrained 1"


def pretrained_file(
    backbone: Mapping[str, Any], network: str, method: str, facts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The content of the file, for ``torch.save``: plain containers and tensors.

    Args:
        backbone: tensors by the network's names, without the classifier's.
        network: as ``relcheck train`` takes it, ``torchvision:resnet50``.
        method: of the pretraining.
        facts: plain containers, for people.
    """
    head = {"relcheck": FORMAT, "network": network, "method": method, "facts": dict(facts or {})}
    return {**head, "state_dict": dict(backbone)}


def made_by(content: object) -> str:
    """The method that made a file, ``relcheck pretrain, simsiam``; empty if it is another file.

    >>> made_by(pretrained_file({}, "cifar:resnet20", "simsiam")), made_by({})
    ('relcheck pretrain, simsiam', '')
    """
    if not isinstance(content, Mapping) or content.get("relcheck") != FORMAT:
        return ""
    return f"relcheck pretrain, {content.get('method')}"
