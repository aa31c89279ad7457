"""Weights of a checkpoint, loaded into a network; weights that do not fit are named.

Checkpoints come from elsewhere. Loading a pickle runs code, so that they are read with
``weights_only=True``: tensors and plain containers, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.did_you_mean import nearest
from analyzer.errors import BadCheckpoint, quoted, short
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    from torch import nn

Shapes = Mapping[str, tuple[int, ...]]

NESTED = ("state_dict", "model_state_dict", "model_weights", "model", "network", "net")
"""Keys under which training scripts keep the weights beside other things."""

PREFIXES = ("module.", "_orig_mod.")
"""What torch's DataParallel and ``torch.compile`` put before every name."""

COUNTER = "num_batches_tracked"
"""End of the name of BatchNorm's counter; old checkpoints lack it, and no answer depends on it."""

SHOWN = 3
"""Names of each kind in one message."""

NAME = 60
"""Characters of one name in a message."""


def unwrap(found: object) -> dict[str, Any]:
    """Take weights out of their container, and the prefixes of wrappers off their names.

    >>> unwrap({"epoch": 3, "state_dict": {"module.fc.bias": 1}})
    {'fc.bias': 1}

    Raises:
        BadCheckpoint: ``found`` holds no weights by name.
    """
    for key in NESTED:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            return unwrap(found[key])
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise BadCheckpoint(
            f"the checkpoint holds a {type(found).__name__} instead of weights by name; save "
            "network.state_dict()"
        )
    weights = {str(key): value for key, value in found.items()}
    for prefix in PREFIXES:
        if weights and all(key.startswith(prefix) for key in weights):
            return unwrap({key.removeprefix(prefix): value for key, value in weights.items()})
    return weights


@dataclass(frozen=True)
class Misfits:
    """The differences between a checkpoint and a network.

    Attributes:
        missing: Names that only the network has.
        unexpected: Names that only the checkpoint has.
        shapes: Names that both have, in different shapes.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shapes: tuple[str, ...]

    def __bool__(self) -> bool:
        """True if there is a difference."""
        return bool(self.missing or self.unexpected or self.shapes)


def find_misfits(wanted: Shapes, found: Shapes) -> Misfits:
    """Compare the names and shapes of a network with those of a checkpoint.

    Args:
        wanted: shape by name, of the network.
        found: shape by name, of the checkpoint.
    """
    missing = [n for n in wanted if n not in found and not n.endswith(COUNTER)]
    unexpected = [n for n in found if n not in wanted]
    shapes = [n for n in wanted if n in found and tuple(wanted[n]) != tuple(found[n])]
    return Misfits(tuple(missing), tuple(unexpected), tuple(shapes))


def describe(misfits: Misfits, wanted: Shapes, found: Shapes) -> str:
    """The differences as the second half of a sentence, with the nearest match of missing names.

    Args:
        misfits: of `find_misfits`.
        wanted: shape by name, of the network.
        found: shape by name, of the checkpoint.

    >>> wanted, found = {"fc.weight": (10, 64)}, {"fc.wieght": (10, 64)}
    >>> describe(find_misfits(wanted, found), wanted, found)
    '1 missing: fc.weight (nearest in the file: fc.wieght); 1 unexpected: fc.wieght'
    """
    parts = []
    if misfits.missing:
        parts.append(_listed("missing", _with_matches(misfits)))
    if misfits.unexpected:
        parts.append(_listed("unexpected", [short(n, NAME) for n in misfits.unexpected]))
    if misfits.shapes:
        texts = [f"{short(n, NAME)} is {found[n]}, not {wanted[n]}" for n in misfits.shapes]
        parts.append(_listed("of another shape", texts))
    return "; ".join(parts)


def _with_matches(misfits: Misfits) -> list[str]:
    """Missing names; first those that an unexpected one resembles more than any other."""
    like = {nearest(name, misfits.missing): name for name in misfits.unexpected[:SHOWN]}
    first = [name for name in misfits.missing if name in like]
    hints = [f"{short(n, NAME)} (nearest in the file: {short(like[n], NAME)})" for n in first]
    return hints + [short(name, NAME) for name in misfits.missing if name not in like]


def _listed(what: str, texts: Sequence[str]) -> str:
    more = ", …" if len(texts) > SHOWN else ""
    return f"{len(texts)} {what}: " + ", ".join(texts[:SHOWN]) + more


def load_weights(network: nn.Module, path: Path, ignored: tuple[str, ...] = ()) -> None:
    """Load a checkpoint into a network, in place.

    Args:
        network: changed in place.
        path: a file saved by ``torch.save``.
        ignored: beginnings of names that are left out: parts that inference never runs.

    Raises:
        BadCheckpoint: the file cannot be read, or its names or shapes are not the network's.
    """
    weights = read_weights(path)
    kept = {name: value for name, value in weights.items() if not name.startswith(ignored)}
    put_weights(network, kept, path)


def read_weights(path: Path) -> dict[str, Any]:
    """The tensors of a checkpoint by name.

    Args:
        path: a file saved by ``torch.save``.

    Raises:
        BadCheckpoint: the file cannot be read, or holds something else than tensors by name.
    """
    weights = unwrap(read_content(path))
    torch = need("torch")
    others = [name for name, value in weights.items() if not isinstance(value, torch.Tensor)]
    if others or not weights:
        what = f"no tensor under {quoted(others[0])}" if others else "no weights"
        raise BadCheckpoint(f"checkpoint {path} holds {what}; save network.state_dict()")
    return weights


def put_weights(network: nn.Module, weights: Mapping[str, Any], path: Path) -> None:
    """Put tensors into a network that has exactly these, in place.

    Args:
        network: changed in place.
        weights: tensor by name.
        path: of the checkpoint, for messages.

    Raises:
        BadCheckpoint: names or shapes are not the network's.
    """
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if misfits := find_misfits(wanted, found):
        text = describe(misfits, wanted, found)
        hint = "; --classes sets the size of the last layer" if misfits.shapes else ""
        raise BadCheckpoint(f"checkpoint {path} does not fit the network: {text}{hint}")
    network.load_state_dict(weights, strict=False)  # but for counters, all of them are there


def read_content(path: Path) -> object:
    """The content of a checkpoint: tensors and plain containers, nothing that would run code.

    Raises:
        BadCheckpoint: it cannot be read, or holds anything else.
    """
    torch = need("torch")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise BadCheckpoint(f"checkpoint {path} cannot be read: {error.strerror}") from error
    except Exception as error:  # whatever a damaged or hostile file makes of the loader
        unsafe = "weights_only" in str(error) or "Unsupported" in str(error)
        why = (
            "it holds Python objects beside tensors, and loading those would run code; save "
            "network.state_dict() alone"
            if unsafe
            else "it is no file that torch.save wrote, or is damaged"
        )
        raise BadCheckpoint(f"checkpoint {path} cannot be loaded: {why}") from error
