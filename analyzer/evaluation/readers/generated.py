"""Inputs made up from the model's signature, where there is no data set."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import UnsupportedSignature
from analyzer.evaluation.dataset import DataKind, Dataset, digest
from analyzer.evaluation.readers.states import ready_states, say_states
from analyzer.evaluation.recipe import RANDOM
from analyzer.evaluation.resampling import CHANNELS
from analyzer.faults.sampling import generator
from analyzer.model import InputSignature, limits

GENERATED_IMAGES = 64

OPEN_LENGTH = 32
"""Tokens of a generated sequence where the model leaves its length open."""


NOTE = (
    "no data set: inputs are random numbers, judged only by agreement with the fault-free model; "
    "accuracy on real data is not known from this report"
)


def generate_data(signature: InputSignature, seed: int, count: int = GENERATED_IMAGES) -> Dataset:
    """Standard normal inputs (uniform bytes for uint8) of the model's own input shape.

    Integers are uniform below the rows of the table that they select from; masks of tokens are all
    ones, segment numbers and states all zeros. Of very large inputs there are fewer than ``count``,
    one at least.

    Args:
        signature: the model's inputs.
        seed: of the plan.
        count: how many are wanted.

    Raises:
        UnsupportedSignature: a dimension beside the batch is open: nothing says how large.
    """
    drawn = [signature, *(s for s in signature.others if not s.is_state)]
    items = {s.name: _item(s, drawn, signature) for s in drawn}
    elements = max(math.prod(item) for item in items.values())
    count = max(1, min(count, limits.GENERATED_ELEMENTS // max(1, elements)))
    rng = generator(f"seed={seed}", "generated inputs", 0)
    made = {s.name: _generated(s, drawn, (count, *items[s.name]), rng) for s in drawn}
    sha256 = digest(*made.values())
    values = made.pop(signature.name)
    same = count > 1 and all((v == v[:1]).all() for v in (values, *made.values()))
    data = Dataset(
        DataKind.GENERATED,
        "generated",
        values,
        None,
        sha256,
        NOTE,
        further=made,
        recipe=RANDOM,
        states=ready_states(signature, {}),
    )
    told = "the model leaves nothing to chance: every generated input is the same" if same else ""
    return data.remarked(told, say_states(signature, ()))


def _item(
    signature: InputSignature, drawn: Sequence[InputSignature], model: InputSignature
) -> tuple[int, ...]:
    """Shape of one row of an input; open lengths are those of a sequence of tokens."""
    tokens = any(s.is_integer for s in drawn)
    if None in signature.item and not tokens:
        raise UnsupportedSignature(
            f"input {model} leaves dimensions open that nothing resolves; give --data"
        )
    return tuple(d or OPEN_LENGTH for d in signature.item)


def _generated(
    signature: InputSignature,
    every: Sequence[InputSignature],
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> npt.NDArray[Any]:
    """Numbers of the kind that one input takes: float, integer or uint8, of ``shape``."""
    if _is_mask(signature, every):
        return np.ones(shape, signature.dtype)
    if signature.is_integer:
        segments = "type" in signature.name.lower() or "segment" in signature.name.lower()
        bound = 1 if segments else signature.bound or 2
        return rng.integers(bound, size=shape).astype(signature.dtype)
    if signature.dtype == "uint8":
        return rng.integers(256, size=shape, dtype=np.uint8)
    return rng.standard_normal(shape).astype(signature.dtype)


def _is_mask(signature: InputSignature, every: Sequence[InputSignature]) -> bool:
    """True if an input tells the parts of another one that count; an image never does.

    Beside nothing else it would make all inputs the same.
    """
    image = len(signature.shape) == 4 and not signature.is_integer
    image = image and any(d in CHANNELS for d in signature.item)
    masked = any("mask" not in s.name.lower() and not s.is_state for s in every)
    return "mask" in signature.name.lower() and masked and not image
