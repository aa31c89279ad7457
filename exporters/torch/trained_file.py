"""The file that ``relcheck train`` writes: the weights, and what an exporter must know of them.

``relcheck export`` takes it by ``--weights`` and needs no further options; other tools find a plain
``state_dict`` in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.torch.checkpoint import read_content

FORMAT = "relcheck trained 1"


@dataclass(frozen=True)
class TrainedFacts:
    """The facts beside the weights.

    Attributes:
        network: As ``relcheck train`` took it.
        classes: Size of the last layer.
        names: Of the classes, in their order; empty: nobody knows.
        shape: C, H, W of the input.
        preprocessing: Text by name of the metadata entry, as ``relcheck export`` takes it.
        task: As ``relcheck.task`` has it.
    """

    network: str
    classes: int
    names: tuple[str, ...]
    shape: tuple[int, int, int]
    preprocessing: Mapping[str, str]
    task: str


def trained_file(facts: TrainedFacts, weights: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the file, for ``torch.save``: plain containers and tensors.

    Args:
        facts: beside the weights.
        weights: tensors by the network's names.
    """
    return {
        "relcheck": FORMAT,
        "network": facts.network,
        "classes": facts.classes,
        "names": list(facts.names),
        "input": list(facts.shape),
        "preprocessing": dict(facts.preprocessing),
        "task": facts.task,
        "state_dict": dict(weights),
    }


def read_facts(path: Path) -> TrainedFacts | None:
    """The facts in a file; None for checkpoints that ``relcheck train`` did not write.

    Raises:
        BadCheckpoint: the file cannot be read.
    """
    found = read_content(path)
    if not isinstance(found, Mapping) or found.get("relcheck") != FORMAT:
        return None
    channels, rows, columns = found["input"]
    return TrainedFacts(
        network=str(found["network"]),
        classes=int(found["classes"]),
        names=tuple(map(str, found["names"])),
        shape=(int(channels), int(rows), int(columns)),
        preprocessing={str(k): str(v) for k, v in found["preprocessing"].items()},
        task=str(found["task"]),
    )
