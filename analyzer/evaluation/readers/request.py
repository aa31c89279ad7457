"""A request for data: which model takes them, how images are prepared, how many are wanted."""

from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import BadOption
from analyzer.model import InputSignature, Preprocessing


@dataclass(frozen=True, slots=True)
class Request:
    """The request to every reader of data sets.

    Attributes:
        signature: The model's inputs.
        preprocessing: How images become inputs, and who said so.
        most: Images that are wanted; None: all.
        seed: That decides which these are.
        labels: A list of file names and their classes; None: folders are the classes.
        masks: A folder with a mask for each image; None: images have one class each, or none.
        part: Which part of the data set; None: it has none.
        names: Names of the model's classes, in their order; empty: it states none.
    """

    signature: InputSignature
    preprocessing: Preprocessing
    most: int | None = None
    seed: int = 0
    labels: Path | None = None
    masks: Path | None = None
    part: str | None = None
    names: tuple[str, ...] = ()


def refuse_flags(request: Request, effective: frozenset[str], why: str) -> None:
    """Refuse preprocessing flags that would change nothing.

    Args:
        request: with the flags that were given.
        effective: names of those that can change something.
        why: half a sentence: why the others cannot.

    Raises:
        BadOption: one of them was given.
    """
    idle = [name for name in request.preprocessing.flags if name not in effective]
    if idle:
        flags = " and ".join(f"--{name}" for name in idle)
        verb = "has" if len(idle) == 1 else "have"
        raise BadOption(f"{flags} {verb} no effect: {why}; leave {flags} out")
