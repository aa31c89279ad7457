"""The summary that `relcheck export` prints of the file that it wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from analyzer.model import InputSignature, Preprocessing
from analyzer.reports.shared.number_format import si
from analyzer.reports.shared.terminal_text import one_line

WIDTH = 80


@dataclass(frozen=True)
class ExportSummary:
    """One exported network.

    Attributes:
        file: Name of the file.
        size: Bytes of the file.
        source: Origin of the network.
        parameters: Number of trained values.
        signature: The input of the network.
        weights: Origin of the weights.
        inputs: Number of random inputs that were given to the torch network and to the file.
        difference: The largest absolute difference between the outputs of both.
        largest: The largest absolute output.
        preprocessing: The way from images to inputs.
        notes: Anything that a user may not expect.
    """

    file: str
    size: int
    source: str
    parameters: int
    signature: InputSignature
    weights: str
    inputs: int
    difference: float
    largest: float
    preprocessing: Preprocessing
    notes: Sequence[str]


def export_text(found: ExportSummary) -> str:
    """The summary, one fact a line."""
    facts = [
        f"{found.file}: {si(found.size)}B, {si(found.parameters)} parameters",
        f"network: {found.source}, input {found.signature}",
        f"weights: {found.weights}",
        f"parity: largest difference from torch {found.difference:.1e} on {found.inputs} random "
        f"inputs, largest output {found.largest:.3g}",
        f"images: {_preparation(found.preprocessing)}",
        *(f"note: {note}" for note in found.notes),
    ]
    lines = [line for fact in facts for line in wrap(one_line(fact), WIDTH, subsequent_indent="  ")]
    return "\n".join(lines) + "\n"


def _preparation(preprocessing: Preprocessing) -> str:
    steps = [preprocessing.color]
    if preprocessing.resize:
        steps.append(f"shorter side {preprocessing.resize}")
    if preprocessing.crop:
        steps.append(f"crop {preprocessing.crop}")
    mean, std = (_numbers(v) for v in (preprocessing.mean, preprocessing.std))
    steps.append(f"x = (pixel * {preprocessing.scale:.6g} - {mean}) / {std}")
    return ", ".join(steps)


def _numbers(values: Sequence[float]) -> str:
    texts = [f"{value:.4g}" for value in values]
    return texts[0] if len(set(texts)) == 1 else f"[{' '.join(texts)}]"
