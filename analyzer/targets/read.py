"""Targets from TOML files, and the region of every tensor."""

import hashlib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from analyzer.did_you_mean import meant
from analyzer.errors import BadTarget, quoted
from analyzer.faults.selection import matching
from analyzer.faults.space import TensorSite
from analyzer.targets.target import DeploymentTarget, Region

SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the targets that come with the tool."""


TargetSource: TypeAlias = Path | DeploymentTarget
"""A target: its file, or what was read from one."""

IN_MEMORY = "target in memory"
"""Name in reports of a target that a program holds."""


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
        raise BadTarget(
            f"there is no target file {path}{guess}; `relcheck target list` names those that come "
            "with the tool"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadTarget(f"target file {path} cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise BadTarget(f"target file {path} is no TOML: {error}") from error
    try:
        return DeploymentTarget.model_validate(content)
    except ValidationError as error:
        raise BadTarget(f"target file {path}: {_sentence(error)}") from error


def loaded_target(source: TargetSource) -> DeploymentTarget:
    """A target, read where its file is given; one that a program holds is checked again.

    Args:
        source: the file, or the target.

    Raises:
        BadTarget: it holds what no target can.
    """
    if isinstance(source, Path):
        return read_target(source)
    try:
        return DeploymentTarget.model_validate(source.model_dump(warnings=False))
    except ValidationError as error:
        raise BadTarget(f"the {IN_MEMORY}: {_sentence(error)}") from error


def is_shipped(source: TargetSource) -> bool:
    """True for the file of a target that comes with the tool."""
    return isinstance(source, Path) and source.parent == SHIPPED


def name_of(source: TargetSource) -> str:
    """The name of a target's file in reports: one that comes with the tool has no ending."""
    if isinstance(source, Path):
        return source.stem if is_shipped(source) else source.name
    return IN_MEMORY


def digest_of(source: TargetSource) -> str:
    """SHA-256 of a target's file; of one that a program holds, that of its JSON."""
    if isinstance(source, Path):
        return hashlib.sha256(source.read_bytes()).hexdigest()
    return hashlib.sha256(source.model_dump_json().encode()).hexdigest()


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong: where, and why."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        reason = "there is no such field; docs/target.schema.json lists them"
    return f"{place}: {reason}" if place else reason


def find_target(text: str) -> Path:
    """The file of a target: a path, or the name of one that comes with the tool.

    >>> find_target("leo-sram").name
    'leo-sram.toml'
    """
    path, known = Path(text), shipped_targets()
    if path.is_file() or text not in known:
        return path
    return known[text]


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
    _check_globs(target, tensors)
    names = frozenset(tensor.name for tensor in tensors)
    named = [
        frozenset(name for pattern in region.tensors for name in matching(pattern, names))
        for region in target.region
    ]
    found = []
    for tensor in tensors:
        pairs = zip(target.region, named, strict=True)
        fitting = [region for region, own in pairs if _holds(region, tensor, own)]
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


def _check_globs(target: DeploymentTarget, tensors: Sequence[TensorSite]) -> None:
    """Refuse a pattern that means no tensor: it may be mistyped.

    Raises:
        BadTarget: there is one.
    """
    names = {tensor.name for tensor in tensors}
    for region in target.region:
        for pattern in region.tensors:
            if not matching(pattern, names):
                raise BadTarget(
                    f"{quoted(pattern)} of the region {region.name!r} of the target "
                    f"{target.name!r} matches none of the {len(names)} tensors at risk"
                    f"{meant(pattern, sorted(names))}; `relcheck inspect MODEL` lists them"
                )


def _holds(region: Region, tensor: TensorSite, named: frozenset[str]) -> bool:
    """True if a tensor lies in a region.

    Args:
        region: the region.
        tensor: the tensor.
        named: names that the patterns of the region mean.
    """
    if region.tensors and tensor.name not in named:
        return False
    kind = not region.kinds or tensor.kind.value in region.kinds
    return kind and (not region.types or tensor.dtype in region.types)
