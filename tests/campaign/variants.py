"""Models that have much in common with `tiny_cnn`, and comparisons of them in memory."""

from pathlib import Path

import numpy as np
from onnx import numpy_helper

from analyzer.campaign.comparison.additional_blocks import run_more
from analyzer.campaign.comparison.blocks_wanted import missing_blocks
from analyzer.campaign.comparison.blocks_wanted import wanted_blocks as wanted
from analyzer.campaign.comparison.difference import (
    ComparedModel,
    ModelFindings,
    compare,
)
from analyzer.campaign.runner import Budget
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.comparable import prepare_models
from analyzer.jobs.requests.comparison import ComparisonRequest
from analyzer.jobs.requests.settings import ask
from tests.campaign.contexts import AtOnce, Charges, Results, run
from tests.support import (
    CHANNELS,
    parse_model,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    tiny_data,
    with_initializers,
)

CAPPED_CNN = """
<ir_version: 8, opset_import: ["" : 17]>
capped (float[N, 1, 6, 6] image) => (float[N, 4] scores) {
    c = Conv <pads = [1, 1, 1, 1]> (image, conv_w, conv_b)
    r = Relu (c)
    m = Min (r, cap)
    p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (m)
    f = Flatten (p)
    scores = Gemm (f, fc_w, fc_b)
}
"""


def capped_cnn(path: Path, cap: float = 9.0, values: int = 1) -> Path:
    """`tiny_cnn` with activations clamped to ``cap``, a stored tensor: what hardening does.

    Its bias has another name and its tensors another order, so that not all bits correspond.
    ``values`` is how many values the stored bound has.
    """
    stored = {t.name: numpy_helper.to_array(t) for t in tiny_cnn_proto().graph.initializer}
    text = CAPPED_CNN.replace("fc_b", "fc_bias")
    bound = np.full((1, values, 1, 1) if values > 1 else (), cap, np.float32)
    order = {
        "fc_w": stored["fc_w"],
        "cap": bound,
        "fc_bias": stored["fc_b"],
        "conv_w": stored["conv_w"],
        "conv_b": stored["conv_b"],
    }
    return save(with_initializers(parse_model(text), order), path)


def prepared(
    folder: Path, *, capped: int = 1, **flags: object
) -> tuple[list[Analysis], list[ComparedModel]]:
    """`tiny_cnn` and so many capped variants, ready to be compared."""
    paths = [tiny_cnn(folder / "tiny.onnx")]
    paths += [capped_cnn(folder / f"capped{i}.onnx", 9.0 + i, CHANNELS) for i in range(capped)]
    data = tiny_data(folder / "tiny.npz")
    asked = {"rates": "1e-3,1e-2", "precision": 0.05, "batch": 8, "data": data, **flags}
    return prepare_models(ask(ComparisonRequest, asked, models=paths))


def compared(
    compared_models: list[ComparedModel], budget: Budget | None = None
) -> list[ModelFindings]:
    """Run a comparison to its end, in this thread."""
    budget = budget or Charges()
    for compared in compared_models:
        pool = AtOnce(Results(compared.context))
        compared.finish(run(compared.context, pool, compared.store, budget))
    for compared, more in zip(
        compared_models, wanted(compared_models, compared_models[0].context.plan.rates), strict=True
    ):
        blocks = missing_blocks(compared, more)
        run_more(blocks, AtOnce(Results(compared.context)), compared.store, budget)
        compared.count(more)
    return compare(compared_models)
