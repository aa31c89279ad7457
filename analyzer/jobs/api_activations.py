"""The Python API, the part that measures activations."""

import os
from collections.abc import Sequence
from typing import Unpack

import onnx

from analyzer.jobs.activations import ActivationsFound, measure_activations
from analyzer.jobs.calls import request_from, with_label
from analyzer.jobs.keywords import ActivationsKeywords
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.requests.activations import ActivationsRequest
from analyzer.jobs.signatures import takes
from analyzer.jobs.sources import ModelLike, model_source

ALONE = (str, bytes, os.PathLike, onnx.ModelProto)
"""Types of a model by itself."""


@takes(ActivationsKeywords)
def activations(
    models: ModelLike | Sequence[ModelLike],
    *,
    observer: Observer = SILENT,
    **options: Unpack[ActivationsKeywords],
) -> ActivationsFound:
    """Measure the activations of models, without faults and at bit error rates.

    Args:
        models: one, as `analyzer.run` takes it, or several; those behind the first meet its faults
            where bits correspond.
        observer: is told how it goes.
        options: keywords of `analyzer.run` on data, memory and work; and these, each optional.

            - ``rates``: as of `analyzer.run`, 1e-7, 1e-6 and 3e-5 by default; ``"none"``: without
              faults alone.
            - ``thresholds``: a file of `analyzer.harden`, for activations that a model does not
              bound itself.
            - ``precision``: half-width of the interval of each share at which a rate is done, 0.05
              by default.

    Returns:
        The distributions; one row per model, activation and rate.

    Raises:
        NothingToBound: a model without activations.
        RelcheckError: whatever is wrong with the options, a model or the data.

    >>> import analyzer
    >>> found = activations(analyzer.demonstration_model(), rates="none", images=32)
    >>> [row["activation"] for row in found.rows()][:2]
    ['stem_relu', 'stage1.block0.relu1']
    """
    several = [models] if isinstance(models, ALONE) else models
    named = [with_label(model_source(m), number) for number, m in enumerate(several, 1)]
    sources = {"models": named, "command": "analyzer.activations"}
    request = request_from(ActivationsRequest, ActivationsKeywords, options, **sources)
    return measure_activations(request, observer)
