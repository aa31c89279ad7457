"""The cost of an encoding that rounds stored values, without faults."""

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.campaign.golden_answers import GoldenAnswers, GoldenRun
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.runtime.executor import Executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import Device


@dataclass(frozen=True, slots=True)
class CodingLoss:
    """The cost of a protection that rounds stored values, before any fault.

    Attributes:
        unencoded: The metric of the model as its file has it, in [0, 1].
        lost: By how much the metric is lower under the encoding, in [-1, 1].
        changed: Share of the images whose decision the encoding changes, in [0, 1].
    """

    unencoded: float
    lost: float
    changed: float


def coding_loss(
    model: Model,
    stored: FaultSpace,
    readers: FaultSpace,
    golden: GoldenAnswers,
    executor: Executor,
    device: Device,
    step: Callable[[], object],
) -> CodingLoss | None:
    """Compare the golden run with that of the model as its file has it.

    Args:
        model: the model.
        stored: the bits at risk without a protection.
        readers: the same bits as readers meet them.
        golden: the golden run of the campaign.
        executor: runs the model as readers meet it.
        device: where it ran.
        step: called after each batch.

    Returns:
        None where the protection leaves stored values as they are.
    """
    if readers is stored or readers.tensors == stored.tensors:
        return None
    plain = RewriteExecutor(model, stored, device)
    run = GoldenRun(golden.judge, golden.input_name, golden.batches)
    before = run.answers(plain, step)
    total = Outcomes()
    for batch, first in zip(golden.batches, before.by_batch, strict=True):
        encoded = executor.run(batch.feeds(golden.input_name))
        total += golden.judge.outcomes(first, encoded, batch.labels)
        step()
    units = total.images * total.denominator
    changed = (total.sdc + total.due) / total.images
    return CodingLoss(before.metric, (total.lost - total.gained) / units, changed)
