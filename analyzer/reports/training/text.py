"""The report of `relcheck train` in 80 columns, and the line of each epoch."""

from collections.abc import Mapping
from textwrap import wrap

from analyzer.reports.before_after.record import COLUMNS
from analyzer.reports.shared.number_format import duration, percent, si, size
from analyzer.reports.shared.terminal_text import one_line
from analyzer.reports.training.record import (
    EpochPart,
    ImagesPart,
    QuantizationPart,
    TrainingReport,
)

SHARES = {"top1": "top-1", "pixel_accuracy": "pixels", "miou": "mIoU", "knn": "k-NN"}
"""Figures that are fractions, which people read in percent, and their names."""


def figure_text(name: str, value: float) -> str:
    """One figure in words.

    Args:
        name: of the figure.
        value: of it.

    >>> figure_text("top1", 0.9123), figure_text("loss", 0.31416)
    ('top-1 91.2 %', 'loss 0.3142')
    """
    if name in SHARES:
        return f"{SHARES[name]} {percent(value)} %"
    return f"{name} {value:.4g}"


def figures_text(figures: Mapping[str, float]) -> str:
    """Figures on validation images in words."""
    return ", ".join(figure_text(name, value) for name, value in figures.items())


def epoch_line(done: EpochPart, epochs: int | None) -> str:
    """One line on an epoch.

    Args:
        done: the epoch.
        epochs: of the whole training; None: until it converges.
    """
    number = f"epoch {done.epoch}" if epochs is None else f"epoch {done.epoch} of {epochs}"
    validation = f"; validation: {figures_text(done.validation)}" if done.validation else ""
    best = " (best)" if done.best and done.validation else ""
    rate = f"; rate {done.learning_rate:.3g}"
    return f"{number}: loss {done.loss:.4g}{validation}{best}{rate}, {duration(done.seconds)}"


def training_text(report: TrainingReport) -> str:
    """The report, one fact a line."""
    network, kept = report.network, report.epochs[report.kept - 1]
    shape = "x".join(map(str, network.input))
    end = "converged after" if report.converged else "done:"
    count = f"{len(report.epochs)} epoch{'s' * (len(report.epochs) != 1)}"
    over = f", {report.taken_over} of them before this call" if report.taken_over else ""
    why = "best" if report.validation else "last"
    figures = f": {figures_text(kept.validation)}" if kept.validation else ""
    facts = [
        f"{network.source}: {si(network.parameters)} parameters, {network.classes} classes, input "
        f"{shape}",
        f"weights at the start: {network.weights}",
        f"training images: {_images(report.training)}",
        *([f"validation images: {_images(report.validation)}"] if report.validation else []),
        f"{end} {count}{over}, {duration(report.seconds)} on {report.device}",
        f"kept: epoch {report.kept}, the {why}{figures}",
        *_quantization(report.quantization),
        *(f"written: {file.path}, {size(file.bytes)}" for file in report.files),
        *([f"log: {report.log} (tensorboard --logdir)"] if report.log else []),
        *(f"note: {note}" for note in report.notes),
    ]
    lines = [wrap(one_line(fact), COLUMNS, subsequent_indent="  ") for fact in facts]
    return "\n".join(line for part in lines for line in part) + "\n"


def _quantization(part: QuantizationPart | None) -> list[str]:
    """The facts on the quantization; none of a float network."""
    if part is None:
        return []
    precise = " (asked for exact sums: this processor's fast kernels saturate)"
    return [
        f"int8: weights of {part.weight_bits} bits by channel; BatchNorm learned for "
        f"{part.batchnorm_epochs} epochs, ranges for {part.range_epochs}",
        f"{part.words}{precise if part.precise_int8 else ''}; the simulation that was trained, on "
        f"floats, decides {part.simulation_differing:,} otherwise",
    ]


def _images(part: ImagesPart) -> str:
    return f"{part.images:,} of {part.data}"
