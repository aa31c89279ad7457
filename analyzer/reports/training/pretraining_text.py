"""The report of `relcheck pretrain` in 80 columns, and the line of each epoch."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

from analyzer.reports.before_after.record import COLUMNS
from analyzer.reports.shared.number_format import duration, percent, si, size
from analyzer.reports.shared.terminal_text import one_line
from analyzer.reports.training.pretraining import PretrainingReport, ViewPart
from analyzer.reports.training.record import EpochPart

SHOWN = 12
"""Epochs in the table; of more, some are left out evenly."""

KNN, SPREAD, FEATURE_SPREAD = "knn", "spread", "feature_spread"
"""Figures of an epoch, as the record names them."""


def epoch_line(done: EpochPart, epochs: int) -> str:
    """One line on an epoch.

    Args:
        done: the epoch.
        epochs: of the whole pretraining.
    """
    parts = [f"loss {done.loss:.4f}"]
    if KNN in done.validation:
        parts.append(f"k-NN top-1 {percent(done.validation[KNN])} %")
    parts.append(f"spread {done.validation[SPREAD]:.2f}")
    return f"epoch {done.epoch} of {epochs}: {', '.join(parts)}, {duration(done.seconds)}"


def collapse_warning(done: EpochPart) -> str:
    """The sentence that warns of a collapse, after the epoch in which it was seen.

    Args:
        done: the epoch.
    """
    return (
        f"warning: after epoch {done.epoch} the embeddings of different images are nearly alike "
        f"(spread {done.validation[SPREAD]:.2f}; 0 is a collapse, 1 an even spread)"
    )


def pretraining_text(report: PretrainingReport) -> str:
    """The report: facts, epochs, and whether the embeddings have collapsed."""
    network, method = report.network, report.method
    shape = "x".join(map(str, network.input))
    own = ", ".join(f"{name} {_value(value)}" for name, value in method.settings.items())
    facts = [
        f"{network.source}: {si(network.parameters)} parameters, {network.features} features, "
        f"input {shape}, without its classifier {network.classifier}",
        f"weights at the start: {network.weights}",
        f"method: {method.source}; {own}",
        f"views of each image: {_views(report.views)}",
        f"training images: {report.training.images:,} of {report.training.data}; measured on "
        f"{report.monitor.images:,} of {report.left_out.data}",
        f"settings: {_settings(report)}",
        f"done: {_epochs(report)}, {duration(report.seconds)} on {report.device}, "
        f"{report.precision}",
    ]
    ends = [
        *(f"written: {file.path}, {size(file.bytes)}" for file in report.files),
        *([f"log: {report.log} (tensorboard --logdir)"] if report.log else []),
        f"next: relcheck train {network.source} --init {report.files[0].path} --data ...",
        *(f"note: {note}" for note in report.notes),
    ]
    lines = [*_wrapped(facts), "", *_table(report), "", *_wrapped([*_verdict(report), *ends])]
    return "\n".join(lines) + "\n"


def _wrapped(facts: Sequence[str]) -> list[str]:
    return [
        line for fact in facts for line in wrap(one_line(fact), COLUMNS, subsequent_indent="  ")
    ]


def _value(value: float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _views(views: Sequence[ViewPart]) -> str:
    texts = [
        f"{view.count} of {view.side}x{view.side} pixels from {percent(view.scale[0])} to "
        f"{percent(view.scale[1])} % of its area"
        for view in views
    ]
    return ", ".join(texts)


def _settings(report: PretrainingReport) -> str:
    """Every setting, and what the paper has where that is something else."""
    texts = []
    for part in report.settings:
        other = f" (paper: {part.paper})" if part.paper not in (None, part.value) else ""
        texts.append(f"{part.name} {part.value}{other}")
    return ", ".join(texts)


def _epochs(report: PretrainingReport) -> str:
    count = len(report.epochs)
    over = f", {report.taken_over} of them before this call" if report.taken_over else ""
    return f"{count} epoch{'s' * (count != 1)} of {report.steps} steps{over}"


def _table(report: PretrainingReport) -> list[str]:
    """Epochs line by line."""
    classes = report.monitor.neighbours is not None
    head = ["epoch", "loss", *(["k-NN top-1"] if classes else []), "spread", "of features"]
    rows = [head, ["start", "", *_figures(report.before)]]
    for done in _chosen(report.epochs):
        rows.append([str(done.epoch), f"{done.loss:.4f}", *_figures(done.validation)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]


def _figures(found: Mapping[str, float]) -> list[str]:
    knn = [f"{percent(found[KNN])} %"] if KNN in found else []
    return [*knn, *(f"{found[name]:.3f}" for name in (SPREAD, FEATURE_SPREAD))]


def _chosen(epochs: Sequence[EpochPart]) -> list[EpochPart]:
    if len(epochs) <= SHOWN:
        return list(epochs)
    last = len(epochs) - 1
    return [epochs[round(index * last / (SHOWN - 1))] for index in range(SHOWN)]


def _verdict(report: PretrainingReport) -> list[str]:
    """The figures of the last epoch, judged."""
    found, monitor = report.epochs[-1].validation, report.monitor
    texts = []
    if report.collapsed is None:
        texts.append(
            f"spread of the embeddings: {found[SPREAD]:.3f}; after fewer than "
            f"{monitor.settled_after} steps nobody can tell a collapse"
        )
    elif report.collapsed:
        texts.append(
            f"WARNING: the embeddings have collapsed: their spread is {found[SPREAD]:.3f}, below "
            f"{monitor.collapse_below:g} (0: all images alike, 1: evenly on the sphere). The "
            "features are of little use: lower --lr, train longer or with a larger --batch"
        )
    else:
        texts.append(
            f"no collapse: the embeddings have a spread of {found[SPREAD]:.3f} (0: all images "
            "alike, 1: evenly on the sphere)"
        )
    if monitor.neighbours is not None and monitor.chance is not None:
        texts.append(
            f"k-NN: {monitor.neighbours} of {monitor.bank:,} training images vote; top-1 "
            f"{percent(found[KNN])} %, always the most frequent class {percent(monitor.chance)} %"
        )
    return texts
