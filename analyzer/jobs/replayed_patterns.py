"""Patterns that were run again, as a program has them: bits, and answers as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Result
from analyzer.campaign.replay import BatchOutputs
from analyzer.evaluation.dataset import batch_order
from analyzer.faults.models import FaultPattern
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.worst import changes_of

OUTCOMES = np.array(["masked", "sdc", "due"])

Outputs = dict[str, npt.NDArray[Any]]
"""Name of an output -> its values, (images, ...)."""


@dataclass(frozen=True, slots=True)
class ChangedBit:
    """One bit that a pattern changes.

    Attributes:
        tensor: Name of the stored tensor.
        index: Of the element, in C order.
        bit: 0 is the least significant.
    """

    tensor: str
    index: int
    bit: int


@dataclass(frozen=True, eq=False)
class ReplayedPattern:
    """One pattern, the bits that it changes, and what each image answers.

    Attributes:
        name: Of the injection in its list, or of the trial.
        bits: Every bit that differs, tensor by tensor.
        images: int64 (n,): place of each image in the data set; empty unless outputs were kept.
        outcomes: text (n,): ``masked``, ``sdc`` or ``due``.
        golden: Outputs without faults, those that have a row for each image; None: not kept.
        faulty: Outputs under the pattern; None: not kept, or the runtime gave no answer.
    """

    name: str
    bits: tuple[ChangedBit, ...]
    images: npt.NDArray[np.int64]
    outcomes: npt.NDArray[np.str_]
    golden: Outputs | None
    faulty: Outputs | None

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of the tensors that are hit, in the order of the file."""
        return tuple(dict.fromkeys(bit.tensor for bit in self.bits))


def pattern_found(
    analysis: Analysis, name: str, pattern: FaultPattern, kept: Sequence[BatchOutputs]
) -> ReplayedPattern:
    """One pattern as a program has it.

    Args:
        analysis: the campaign that it belongs to.
        name: of the injection, or of the trial.
        pattern: the faults.
        kept: its answers; none where they were not to be kept.
    """
    golden = analysis.context.golden
    order = batch_order(len(analysis.data), analysis.context.plan.seed)
    places = [order[golden.ends[k.batch] - len(k.marks) : golden.ends[k.batch]] for k in kept]
    marks = [k.marks for k in kept]
    sizes = [len(own) for own in marks]
    return ReplayedPattern(
        name=name,
        bits=tuple(ChangedBit(*site) for site in changes_of(analysis, pattern).sites()),
        images=np.concatenate([np.zeros(0, np.int64), *places]),
        outcomes=OUTCOMES[np.concatenate([np.zeros(0, np.int8), *marks])],
        golden=_stacked(analysis, [k.golden for k in kept], sizes),
        faulty=_stacked(analysis, [k.faulty for k in kept], sizes),
    )


def _stacked(analysis: Analysis, results: Sequence[Result], sizes: Sequence[int]) -> Outputs | None:
    """Outputs of all batches, one below the other; None where a batch has no answer."""
    answers = [result.outputs for result in results if isinstance(result, Answer)]
    if not answers or len(answers) < len(results):
        return None
    names = [output.name for output in analysis.model.proto.graph.output]
    found = {}
    for name, *values in zip(names, *answers, strict=True):
        pairs = list(zip(values, sizes, strict=True))
        if all(value.ndim and len(value) >= size for value, size in pairs):
            found[name] = np.concatenate([value[:size] for value, size in pairs])
    return found
