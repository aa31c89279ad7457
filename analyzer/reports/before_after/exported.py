"""What `relcheck export` says about the file that it wrote."""

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
        file: Name of the file written.
        size: Its bytes.
        source: Where the network comes from.
        parameters: Trained numbers in it.
        signature: Its input.
        weights: Where its weights come from.
        inputs: How many random inputs were given to both forms.
        difference: The largest absolute difference between their outputs.
        largest: The largest absolute output.
        preprocessing: How images become inputs.
        notes: What is not as one may expect.
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
