"""The one file of an unfinished training, replaced at one stroke after each epoch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analyzer.errors import BadTrainingState, UnwritableOutput, quoted
from exporters.torch.optional_package import need

NAME = "checkpoint.pt"
FORMAT = "relcheck training 1"

Content = dict[str, Any]
"""Plain containers, numbers, text and tensors, so that loading it runs no code."""


def write_checkpoint(folder: Path, identity: Mapping[str, str], content: Content) -> None:
    """Replace the checkpoint: readers see the old one or the new one, never a part.

    Args:
        folder: made if it is not there.
        identity: settings of the training by name.
        content: all that changes while training.

    Raises:
        UnwritableOutput: the file cannot be written.
    """
    torch = need("torch")
    path = folder / NAME
    new = path.with_suffix(".new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with new.open("wb") as stream:
            torch.save({"format": FORMAT, "identity": dict(identity), **content}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, path)
    except (OSError, RuntimeError) as error:  # torch tells a full disk by a RuntimeError
        new.unlink(missing_ok=True)
        why = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise UnwritableOutput(f"{path} cannot be written: {why}") from error


def read_checkpoint(folder: Path, identity: Mapping[str, str]) -> Content | None:
    """The checkpoint of a training; None where there is none.

    Args:
        folder: of the training.
        identity: settings of the training by name.

    Raises:
        BadTrainingState: the file cannot be read, or belongs to another training.
    """
    torch = need("torch")
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes of the loader
        raise BadTrainingState(
            f"{path} cannot be loaded as the state of a training; delete it to begin anew"
        ) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadTrainingState(
            f"{path} is no state of a training of this version; delete it to begin anew"
        )
    if found["identity"] != dict(identity):
        raise BadTrainingState(
            f"{path} belongs to another training ({_differing(found['identity'], identity)}); "
            "name another --state folder, or delete this one to begin anew"
        )
    return found


def _differing(kept: Mapping[str, str], asked: Mapping[str, str]) -> str:
    """The first setting that is not the same, in words; one that both have comes first."""
    for name in sorted({**asked, **kept}, key=lambda name: name not in asked or name not in kept):
        if kept.get(name) != asked.get(name):
            old, new = kept.get(name, "none"), asked.get(name, "none")
            return f"{name} {quoted(old, 40)}, now {quoted(new, 40)}"
    return "it differs"
