"""The definition of an answer of one model, and whether the model repeats its answers."""

from collections.abc import Iterable
from functools import partial

import numpy as np

from analyzer.answers import Answer, Feeds, Run
from analyzer.errors import NotRepeatable
from analyzer.evaluation.choose import NOTHING, Asked, define_answers
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.image_axis import BatchFacts, find_axes
from analyzer.evaluation.rules.find import OutputForm
from analyzer.model import Model
from analyzer.model.outputs import (
    DATA_DEPENDENT,
    RANDOM,
    batch_name,
    operators,
    output_signatures,
)


def define_for_model(
    model: Model,
    data: Dataset,
    batch: AnyBatch,
    first: Answer,
    run: Run,
    asked: Asked = NOTHING,
) -> AnswerDefinition:
    """The definition of an answer of a model.

    Args:
        model: the model.
        data: the data set.
        batch: the first batch of it.
        first: golden's answer to this batch.
        run: runs the model without faults.
        asked: what the user says.

    Raises:
        BadOption: an unknown output, rule or metric, or one that does not suit.
        GoldenFailed: no output has a row per image, or one is not as the rule needs it.
        UnclearAnswer: nothing tells what an output means.
        DataMismatch: labels that the model has no class for, or that number other classes.
    """
    name, signatures = model.signature.name, output_signatures(model.proto)
    facts = BatchFacts(
        fed=len(batch.inputs),
        fixed=model.signature.fixed_batch is not None,
        name=batch_name(model.proto, name),
        dependent=bool(operators(model.proto) & DATA_DEPENDENT),
    )
    few = partial(few_rows, data, name)
    axes = find_axes(facts, signatures, first, run, batch.feeds(name), few)
    found = zip(signatures, axes, first.outputs, strict=True)
    forms = [OutputForm(s, axis, axis.rows(output, batch.images)) for s, axis, output in found]
    return define_answers(forms, data, batch.images, asked, batch.inputs.shape)


def few_rows(data: Dataset, name: str, count: int) -> Feeds:
    """The feeds of the first rows of a data set; a lonely row is fed as often as it takes.

    Args:
        data: the data set.
        name: of the model's first input.
        count: of rows, 1 or more.
    """
    rows = np.resize(np.arange(min(count, len(data)), dtype=np.int64), count)
    return make_batches(data.chosen(rows), count, 0, fixed=False)[0].feeds(name)


MORE_TIMES = 3
"""Further runs of a model that has operators which draw random numbers."""


def check_repeatable(
    model: Model,
    batch: AnyBatch,
    first: Answer,
    run: Run,
    watched: Iterable[int] | None = None,
    exact: bool = True,
) -> None:
    """Run the same batch again, and refuse a model that answers it differently.

    Args:
        model: the model.
        batch: a batch.
        first: golden's answer to it.
        run: runs the model without faults.
        watched: indices of the outputs that matter; None: all.
        exact: False allows differences in the last bits, as on devices that add in any order.

    Raises:
        NotRepeatable: an output differs.
    """
    random = operators(model.proto) & RANDOM
    feeds, places = batch.feeds(model.signature.name), watched
    for _ in range(1 + MORE_TIMES * bool(random)):
        again = run(feeds)
        same = isinstance(again, Answer) and all(
            _same(first.outputs[i], again.outputs[i], exact)
            for i in (range(len(first.outputs)) if places is None else places)
        )
        if not same:
            drawn = f" ({', '.join(sorted(random))} draws random numbers)" if random else ""
            raise NotRepeatable(
                f"{model.path.name} answers the same input differently each time without any "
                f"fault{drawn}, so that no fault could be told from chance; export it without "
                "random operators and in evaluation mode"
            )


LAST_BITS = 1e-3
"""Share of an output's largest number by which answers of a device may differ from run to run."""


def _same(one: object, other: object, exact: bool) -> bool:
    """Equal, or, unless ``exact``, close."""
    assert isinstance(one, np.ndarray)
    assert isinstance(other, np.ndarray)
    if Answer((one,)).same_as(Answer((other,))):
        return True
    if exact or one.shape != other.shape or one.dtype.kind != "f":
        return False
    a, b = one.astype(np.float64), other.astype(np.float64)
    scale = float(np.abs(a[np.isfinite(a)]).max(initial=0.0))
    return bool(np.allclose(a, b, rtol=0.0, atol=LAST_BITS * scale, equal_nan=True))
