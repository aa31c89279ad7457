"""A model and its twin on one data set: the report of both jobs that make twins."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import onnx

from analyzer.answers import Failure, Run
from analyzer.campaign.plan import Exposure
from analyzer.errors import GoldenFailed
from analyzer.evaluation.calibration import say_calibration
from analyzer.evaluation.choose import NOTHING, Asked
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.golden_remarks import golden_remarks
from analyzer.evaluation.of_model import define_for_model
from analyzer.evaluation.outcome import Judge
from analyzer.jobs.data import batch_size, default_batch, find_data
from analyzer.jobs.files import check_targets, write_whole
from analyzer.jobs.observer import CountStage, Observer
from analyzer.jobs.requests.base import JudgedRequest
from analyzer.jobs.sources import LABEL
from analyzer.model import Model
from analyzer.model.metadata import read_metadata
from analyzer.reports.before_after.record import BeforeAfterPart, EffectPart, FilePart, LatencyPart
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.calibration_data import described
from exporters.latency import compare_latency
from exporters.model_files import files_of

LATENCY_SECONDS = 1.5
"""How long both models run by turns."""


@dataclass(frozen=True)
class Images:
    """The data of one job.

    Attributes:
        data: All of it.
        batches: The same, as it is run.
        asked: What the user says about answers to them.
    """

    data: Dataset
    batches: Sequence[AnyBatch]
    asked: Asked = NOTHING

    @property
    def source(self) -> str:
        """The words of a report for it."""
        return described(self.data)


def read_images(model: Model, request: JudgedRequest, observer: Observer) -> Images:
    """The data set that the request or the model names.

    Args:
        model: what the images are for.
        request: names the data set, and how many images are run at a time.
        observer: hears no signs of life while a file is read.

    Raises:
        InputError: the data set cannot be read or does not fit.
    """
    data = find_data(model, request, observer)
    usual = default_batch(model, data, Exposure.TRANSIENT)
    size = batch_size(model, request, len(data), usual)
    batches = make_batches(data, size, 0, model.signature.fixed_batch is not None)
    return Images(data, batches, Asked(request.task, request.output))


def check_files(targets: Sequence[Path | None], inputs: Sequence[object]) -> None:
    """Refuse, before the work starts, what could not or should not be written after it.

    Args:
        targets: files to be written, None for those that were not asked for.
        inputs: what is read; only paths among them matter.

    Raises:
        UnwritableOutput: see `check_targets`.
    """
    check_targets([*filter(None, targets)], [path for path in inputs if isinstance(path, Path)])


def write_model(proto: onnx.ModelProto, out: Path) -> None:
    """Write a model, whole or not at all.

    Args:
        proto: the model.
        out: its file.

    Raises:
        UnwritableOutput: the file cannot be written.
    """
    for path, content in files_of(proto, out):
        write_whole(path, content)


def compare_twins(
    model: Model, twin: onnx.ModelProto, out: Path | None, images: Images, observer: Observer
) -> BeforeAfterPart:
    """The figures of both, before the twin is written.

    Args:
        model: the original.
        twin: what was made of it.
        out: the file that the twin goes to; None: it is only returned.
        images: on which both are judged.
        observer: is told how it goes.

    Raises:
        GoldenFailed: the original fails.
        UnsupportedModel: ONNX Runtime cannot load one of them.
    """
    return BeforeAfterPart(
        model=FilePart(path=str(model.path), sha256=model.sha256, bytes=model.size),
        twin=_file_part(twin, out or Path(LABEL)),
        effect=_compare_answers(model, twin, images, observer),
        latency=_latency(model, twin, images.data),
    )


def _file_part(proto: onnx.ModelProto, out: Path) -> FilePart:
    """Like `analyzer.model.file`: the digest of the model file, then of its external data."""
    contents = [content for _, content in files_of(proto, out)]
    digest = hashlib.sha256(b"".join(reversed(contents))).hexdigest()
    return FilePart(path=str(out), sha256=digest, bytes=sum(map(len, contents)))


def _compare_answers(
    model: Model, twin: onnx.ModelProto, images: Images, observer: Observer
) -> EffectPart:
    """Both models, fault-free, on all images."""
    before = open_session(model.proto, session_options())
    after = open_session(twin, session_options())
    name, data = model.signature.name, images.data
    judge = judge_of(model, images, partial(run_session, before))
    golden = []
    with observer.stage(CountStage(2 * len(images.batches), "comparing")):
        for number, batch in enumerate(images.batches):
            found = run_session(before, batch.feeds(name))
            golden.append(judge.golden(found, batch.labels, batch.images))
            observer.step(number)
        judge, fitted = judge.fitted(golden)
        score_before = score_after = sum(found.total for found in fitted)
        for number, (batch, own) in enumerate(zip(images.batches, fitted, strict=True)):
            outcomes = judge.outcomes(own, run_session(after, batch.feeds(name)), batch.labels)
            score_after += outcomes.gained - outcomes.lost
            observer.step(len(images.batches) + number)
    whole = len(data) * judge.metric.denominator
    calibrated = say_calibration(read_metadata(twin).calibrations, data)
    few = golden_remarks(judge.definition, fitted)
    said = (data.note, *data.remarks, *few, calibrated)
    return EffectPart(
        data=data.name,
        images=len(data),
        labelled=data.labels is not None,
        metric=judge.metric.name,
        before=score_before / whole,
        after=score_after / whole,
        decision=judge.definition.sentence(),
        fed=data.recipe.summary,
        remarks=tuple(dict.fromkeys(filter(None, said))),
    )


def judge_of(model: Model, images: Images, run: Run) -> Judge:
    """The judge of a model's answers, by the definition of an answer that the model has.

    Args:
        model: the model.
        images: the first of which are run.
        run: runs the model without faults.

    Raises:
        GoldenFailed: the model fails.
    """
    batch = images.batches[0]
    first = run(batch.feeds(model.signature.name))
    if isinstance(first, Failure):
        raise GoldenFailed(f"{model.path} fails without any fault: {first.message}")
    return Judge(define_for_model(model, images.data, batch, first, run, images.asked))


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
        ratio_low=found.low,
        ratio_high=found.high,
        pairs=found.pairs,
    )
