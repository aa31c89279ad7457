"""A model and its twin on one data set: what both commands that make twins report."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from analyzer.answers import Answer
from analyzer.campaign.plan import Exposure
from analyzer.cli.output import check_targets, write_whole
from analyzer.cli.progress import show_count
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.outcome import Judge, choose_metric, class_count
from analyzer.jobs.prepare import batch_size, default_batch, find_data
from analyzer.jobs.settings import Settings
from analyzer.model import Model
from analyzer.reports.before_after.record import EffectPart, FilePart, LatencyPart, TwinsPart
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.bounds.latency import compare_latency
from exporters.hardening.bounds.save import files_of

LATENCY_SECONDS = 1.5
"""How long both models run by turns."""


@dataclass(frozen=True)
class Images:
    """The data of one call.

    Attributes:
        data: All of it.
        batches: The same, as it is run.
    """

    data: Dataset
    batches: Sequence[AnyBatch]

    @property
    def source(self) -> str:
        """What a report calls it."""
        return f"{len(self.data):,} images of {self.data.name}"


def read_images(model: Model, settings: Settings) -> Images:
    """The data set that the settings or the model name.

    Raises:
        InputError: it cannot be read or does not fit.
    """
    data = find_data(model, settings)
    usual = default_batch(model, data, Exposure.TRANSIENT)
    size = batch_size(model, settings, len(data), usual)
    return Images(data, make_batches(data, size, 0, model.signature.fixed_batch is not None))


def check_files(out: Path, more: Sequence[Path | None], inputs: Sequence[Path | None]) -> None:
    """Refuse, before the work starts, what could not or should not be written after it.

    Raises:
        UnwritableOutput: see `check_targets`.
    """
    check_targets([out, *filter(None, more)], [path for path in inputs if path])


def write_model(proto: onnx.ModelProto, out: Path) -> None:
    """Write a model, whole or not at all.

    Raises:
        UnwritableOutput: it cannot be written.
    """
    for path, content in files_of(proto, out):
        write_whole(path, content)


def compare_twins(model: Model, twin: onnx.ModelProto, out: Path, images: Images) -> TwinsPart:
    """The figures of both, before the twin is written to ``out``.

    Raises:
        GoldenFailed: the original fails.
        UnsupportedModel: ONNX Runtime cannot load one of them.
    """
    return TwinsPart(
        model=FilePart(path=str(model.path), sha256=model.sha256, bytes=model.size),
        twin=_file_part(twin, out),
        effect=_compare_answers(model, twin, images),
        latency=_latency(model, twin, images.data),
    )


def _file_part(proto: onnx.ModelProto, out: Path) -> FilePart:
    """Like `analyzer.model.file`: the digest of the model file, then of its external data."""
    contents = [content for _, content in files_of(proto, out)]
    digest = hashlib.sha256(b"".join(reversed(contents))).hexdigest()
    return FilePart(path=str(out), sha256=digest, bytes=sum(map(len, contents)))


def _compare_answers(model: Model, twin: onnx.ModelProto, images: Images) -> EffectPart:
    """Both models, fault-free, on all images."""
    before = open_session(model.proto, session_options())
    after = open_session(twin, session_options())
    name, data = model.signature.name, images.data
    first = run_session(before, images.batches[0].feeds(name))
    classes = class_count(first) if isinstance(first, Answer) else None
    judge = Judge(choose_metric(None, data, classes))
    right_before = right_after = 0
    with show_count(len(images.batches), "comparing") as step:
        for number, batch in enumerate(images.batches):
            feeds = batch.feeds(name)
            golden = judge.golden(run_session(before, feeds), batch.labels, batch.images)
            outcomes = judge.outcomes(golden, run_session(after, feeds), batch.labels)
            right = int(golden.right.sum())
            right_before += right
            right_after += right - outcomes.lost + outcomes.gained
            step(number)
    return EffectPart(
        data=data.name,
        images=len(data),
        labelled=data.labels is not None,
        metric=judge.metric.value,
        before=right_before / len(data),
        after=right_after / len(data),
        fed=data.recipe.summary,
        remarks=tuple(filter(None, (data.note, *data.remarks))),
    )


def _latency(model: Model, twin: onnx.ModelProto, data: Dataset) -> LatencyPart:
    count = model.signature.fixed_batch or 1
    feeds = make_batches(data.first(count), count, 0, True)[0].feeds(model.signature.name)
    clock = time.perf_counter
    found = compare_latency(model.proto, twin, feeds, clock, seconds=LATENCY_SECONDS)
    return LatencyPart(
        images=count,
        before=found.before,
        after=found.after,
        ratio=found.ratio,
        pairs=found.pairs,
    )
