"""Targets from TOML files, and the region of every tensor."""

import fnmatch
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from analyzer.did_you_mean import meant
from analyzer.errors import BadTarget, quoted
from analyzer.faults.space import TensorSite
from analyzer.targets.target import DeploymentTarget, Region

SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the targets that come with the tool."""


def shipped_targets() -> dict[str, Path]:
    """Files of the targets that come with the tool, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def read_target(path: Path) -> DeploymentTarget:
    """Read a target.

    Raises:
        BadTarget: the file cannot be read, is no TOML, or holds what no target can.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        known = shipped_targets()
        guess = meant(str(path), known)
        raise BadTarget(f"there is no target file {path}{guess}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadTarget(f"target file {path} cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise BadTarget(f"target file {path} is no TOML: {error}") from error
    try:
        return DeploymentTarget.model_validate(content)
    except ValidationError as error:
        raise BadTarget(f"target file {path}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong: where, and why."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        reason = "there is no such field; docs/target.schema.json lists them"
    return f"{place}: {reason}" if place else reason


def regions_of(target: DeploymentTarget, tensors: Sequence[TensorSite]) -> list[Region]:
    """The region that each tensor lies in.

    Args:
        target: the target.
        tensors: those at risk.

    Returns:
        One region per tensor.

    Raises:
        BadTarget: a tensor lies in two regions or in none, or a region holds nothing.
    """
    found = []
    for tensor in tensors:
        fitting = [region for region in target.region if _holds(region, tensor)]
        if len(fitting) > 1:
            raise BadTarget(
                f"the tensor {quoted(tensor.name)} lies in the regions {fitting[0].name!r} and "
                f"{fitting[1].name!r} of the target {target.name!r}; regions must not overlap"
            )
        if not fitting:
            raise BadTarget(
                f"the tensor {quoted(tensor.name)} lies in no region of the target "
                f"{target.name!r}; add one, or --exclude the tensor"
            )
        found.append(fitting[0])
    for region in target.region:
        if region not in found:
            raise BadTarget(
                f"the region {region.name!r} of the target {target.name!r} holds none of the "
                f"{len(tensors)} tensors at risk; `relcheck inspect MODEL` lists them"
            )
    return found


def _holds(region: Region, tensor: TensorSite) -> bool:
    named = not region.tensors or any(fnmatch.fnmatchcase(tensor.name, g) for g in region.tensors)
    kind = not region.kinds or tensor.kind.value in region.kinds
    return named and kind and (not region.types or tensor.dtype in region.types)
