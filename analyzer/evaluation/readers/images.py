"""Images of files, prepared for a model: their rows, labels, digest, and what is to be said."""

from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.readers.feeds import feeds_of
from analyzer.evaluation.readers.request import Request, refuse_flags
from analyzer.evaluation.readers.source_rows import read_images
from analyzer.evaluation.readers.states import ready_states, say_states
from analyzer.evaluation.recipe import effective_flags, recipe_of
from analyzer.evaluation.sample import sample_rows, say_sample
from analyzer.evaluation.sources.file_images import ImageFiles


def read_files(source: ImageFiles, request: Request) -> Dataset:
    """The data set of a source whose images are files.

    Args:
        source: the images.
        request: what is wanted.

    Raises:
        BadData: no images, or none that can be read; a mask that is not as it must be.
        TooLarge: an image is larger than it may be.
        DataMismatch: the images or the labels do not fit the model.
        BadOption: a flag has no effect.
        PackageMissing: an optional package is needed.
    """
    feeds = feeds_of(source, request.signature, request.preprocessing)
    first = feeds[0]
    refuse_flags(request, effective_flags(first.target), first.target.shown)
    rows = sample_rows(len(source), source.labels, request.most, request.seed)
    read = read_images(source, rows, feeds)
    read.sha.update(source.content)
    labels = read.masks if source.labels is None else source.labels[read.kept]
    data = Dataset(
        DataKind.FOLDER,
        source.name,
        read.rows[0],
        labels,
        read.sha.hexdigest(),
        source.note,
        source.numbered,
        further={f.name: r for f, r in zip(feeds[1:], read.rows[1:], strict=True)},
        recipe=recipe_of(first.target, first.preprocessing, read.stretched),
        states=ready_states(request.signature, {}),
        whole=source.listing(),
    )
    return data.remarked(
        say_sample(len(source), source.labels, rows),
        *read.notes(),
        *source.remarks,
        say_states(request.signature, ()),
    )
