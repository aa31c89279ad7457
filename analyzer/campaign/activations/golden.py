"""The run without faults: the values of each activation, and thresholds that follow from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzer.answers import Answer, Failure, Result
from analyzer.campaign.activations.site import Origin, Site, SiteCounts, Values, rows_of
from analyzer.campaign.result import Stop
from analyzer.errors import GoldenFailed
from analyzer.evaluation.dataset import AnyBatch
from analyzer.runtime.executor import Executor


@dataclass(frozen=True)
class GoldenActivations:
    """The activations without faults.

    Attributes:
        sites: With their thresholds.
        counts: By site.
        images: Images that were run.
        stop: What ended the run early; None: it is complete.
    """

    sites: tuple[Site, ...]
    counts: tuple[SiteCounts, ...]
    images: int
    stop: Stop | None


def run_golden(
    executor: Executor,
    batches: Sequence[AnyBatch],
    input_name: str,
    sites: Sequence[Site],
    spent: Callable[[], Stop | None],
    step: Callable[[int], object] = lambda _: None,
) -> GoldenActivations:
    """Run every batch once.

    Args:
        executor: of the model that returns its activations.
        batches: the data set.
        input_name: name of the model's first input.
        sites: the activations.
        spent: the reason to stop now; asked after each batch.
        step: told the index of each batch that is done.

    Raises:
        GoldenFailed: the model fails without any fault.
    """
    counts: tuple[SiteCounts, ...] = ()
    images, stop = 0, None
    for number, batch in enumerate(batches):
        found = values_of(executor.run(batch.feeds(input_name)), batch, sites)
        if isinstance(found, Failure):
            raise GoldenFailed(f"the model fails without any fault: {found.message}")
        counts = counts or tuple(SiteCounts(values.dtype) for values in found)
        for site, own, values in zip(sites, counts, found, strict=True):
            own.add(values, site)
        images += batch.images
        step(number)
        stop = spent() if number + 1 < len(batches) else None
        if stop is not None:
            break
    ranged = tuple(map(_ranged, sites, counts))
    return GoldenActivations(ranged, counts, images, stop)


def values_of(result: Result, batch: AnyBatch, sites: Sequence[Site]) -> list[Values] | Failure:
    """The values of each activation in one run.

    Args:
        result: of the run.
        batch: what was fed.
        sites: the activations.
    """
    if not isinstance(result, Answer):
        return result
    rows = len(batch.inputs)
    return [_floats(rows_of(result.outputs[site.place], batch.images, rows)) for site in sites]


def _floats(values: Values) -> Values:
    """Values of a type that numpy compares with numbers; bfloat16 and 8-bit floats are widened."""
    known = values.dtype in (np.float16, np.float32, np.float64)
    return values if known else values.astype(np.float32)


def _ranged(site: Site, counts: SiteCounts) -> Site:
    """The site with the threshold that follows from the run, where it has no other."""
    if site.origin is not Origin.MAXIMUM:
        return site
    low = counts.values.minimum if site.two_sided else None
    return replace(site, low=low, high=counts.values.maximum)
