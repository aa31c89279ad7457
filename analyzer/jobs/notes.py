"""Notes that a reader needs on the way in which a model ran, found out when a job is prepared."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from analyzer.answers import Run
from analyzer.evaluation.dataset import AnyBatch, Dataset
from analyzer.evaluation.of_model import define_for_model
from analyzer.evaluation.outcome import Judge
from analyzer.graph.rows import mixes_no_rows, multiplies_integers, scaled_by_all_rows
from analyzer.model import Model
from analyzer.reports.shared.build import ModelNotes
from analyzer.reports.shared.int8_sentence import int8_sentence
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.golden_file import golden_file
from analyzer.runtime.ort.int8_sums import Int8Sums, int8_sums, processor_name
from analyzer.runtime.ort.session import loading, new_session, run_session, session_options
from analyzer.verification.int8_paths import kernel_difference
from analyzer.verification.row_coupling import RowCoupling, find_coupling


def coupling_of(model: Model, data: Dataset) -> RowCoupling | None:
    """The influence of images of one run on one another; None if none was found.

    Args:
        model: the model.
        data: the images.

    Raises:
        UnsupportedModel: ONNX Runtime cannot load the model.
    """

    def opened() -> Run:
        with loading():
            session = new_session(golden_file(model, {}), session_options(pack=True))
        return partial(run_session, session)

    signature, graph = model.signature, model.proto.graph
    if mixes_no_rows(graph):
        return None
    cause = scaled_by_all_rows(graph)
    define = partial(define_for_model, model, data)
    return find_coupling(data, signature.name, signature.fixed_batch, opened, cause, define)


MOST_IMAGES = 64
"""Images on which kernels are compared."""


def int8_note(
    model: Model, batches: Sequence[AnyBatch], judge: Judge, device: Device
) -> str | None:
    """The effect of this processor's integer kernels on a quantized model; None: nothing to tell.

    Args:
        model: the model.
        batches: its images.
        judge: of answers.
        device: where it runs.

    Raises:
        UnsupportedModel: ONNX Runtime cannot load the model.
    """
    if not device.on_cpu or not multiplies_integers(model.proto.graph):
        return None
    if int8_sums(CPU) is Int8Sums.EXACT:
        return None
    content, name = golden_file(model, {}), model.signature.name
    exact = replace(device, precise_int8=True)
    kinds = (
        session_options(device=CPU, pack=True),
        session_options(device=exact, pack=True),
        session_options(optimize=False, pack=True),
    )
    with loading():
        fast, slow, plain = (partial(run_session, new_session(content, k)) for k in kinds)
    few = _some(batches)
    precise, unoptimized = (kernel_difference(judge, fast, r, few, name) for r in (slow, plain))
    return int8_sentence(
        precise, unoptimized, device.precise_int8, processor_name(), judge.metric.name
    )


def _some(batches: Sequence[AnyBatch]) -> list[AnyBatch]:
    """The first batches, up to so many images, one batch at least."""
    found: list[AnyBatch] = []
    images = 0
    for batch in batches:
        if found and images + batch.images > MOST_IMAGES:
            break
        found.append(batch)
        images += batch.images
    return found


def notes_on(
    coupling: RowCoupling | None, layout: Layout | None, batch: int, int8: str | None = None
) -> ModelNotes:
    """The notes of a report.

    Args:
        coupling: the influence of images on one another.
        layout: of the executor; None: it has none. Sums in another order are told of where they
            change a fault-free answer; `relcheck inspect` and the self-test tell of all.
        batch: images per run.
        int8: what integer kernels do.
    """
    sentences = [int8] if int8 else []
    if coupling is not None:
        sentences.append(coupling.sentence(batch))
    sums = layout.reordered if layout is not None else None
    if sums is not None and sums.distance:
        sentences.append(f"{sums.sentence}.")
    return ModelNotes(tuple(sentences), coupling is not None)
