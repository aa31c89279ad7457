"""What a reader must know about how a model ran, found out when a job is prepared."""

from functools import partial

from analyzer.answers import Run
from analyzer.evaluation.dataset import Dataset
from analyzer.model import Model
from analyzer.reports.shared.build import ModelNotes
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.ort.golden_file import golden_file
from analyzer.runtime.ort.session import loading, new_session, run_session, session_options
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

    signature = model.signature
    return find_coupling(model.proto.graph, data, signature.name, signature.fixed_batch, opened)


def notes_on(coupling: RowCoupling | None, layout: Layout | None, batch: int) -> ModelNotes:
    """The notes of a report.

    Args:
        coupling: the influence of images on one another.
        layout: of the executor; None: it has none.
        batch: images per run.
    """
    sentences = []
    if coupling is not None:
        sentences.append(coupling.sentence(batch))
    if layout is not None and layout.reordered is not None:
        sentences.append(f"{layout.reordered.sentence}.")
    return ModelNotes(tuple(sentences), coupling is not None)
