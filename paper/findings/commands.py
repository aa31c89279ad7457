"""The commands that stand beside the figures: the stage, and one example in full."""

from __future__ import annotations

from collections.abc import Sequence

FOLDER = "build/paper"
"""Where the study writes; ``paper/results`` has copies of its JSON."""

SWEPT = ("float", "relu6", "ranger", "actmax", "clipact")
QUANTIZED = ("float", "actmax", "ptq", "actmax_ptq", "qat")
FIXED_POINT = "--encoding q15.16 --rates 1e-8..3e-5/2"
TO_A_THOUSANDTH = "--rates 1e-7..1e-3/2"
ENDING = "--precision 0.015 --budget 10m --jobs 0 --journal none"


def commands(kind: str, name: str, forms: Sequence[str], options: str) -> str:
    """Of a kind of comparisons.

    Args:
        kind: such as ``fp32``.
        name: model and seed of the example.
        forms: files that are compared, without their ending.
        options: those that differ from kind to kind.

    Returns:
        Lines for a fenced block.
    """
    models = " ".join(f"{FOLDER}/models/{name}/{form}.onnx" for form in forms)
    seed = name.rpartition("-")[2]
    return (
        f"python -m paper '{kind}/*'     # for example {kind}/{name}:\n"
        f"relcheck compare {models} --data {FOLDER}/data/test.npz {options} {ENDING} "
        f"--seed {seed} --json {FOLDER}/results/{kind}/{name}.json"
    )
