"""The Python API, second part: what a model is fed, and a model that says so itself."""

from typing import Unpack

from analyzer.jobs.annotate import AnnotatedModel, annotate_model
from analyzer.jobs.calls import request_from
from analyzer.jobs.check import RecipesFound, check_recipes
from analyzer.jobs.keywords import AnnotateKeywords, CheckKeywords
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.requests.annotate import AnnotateRequest
from analyzer.jobs.requests.checks import RecipesRequest
from analyzer.jobs.signatures import takes
from analyzer.jobs.sources import ModelLike, model_source


@takes(CheckKeywords)
def check(
    model: ModelLike, *, observer: Observer = SILENT, **options: Unpack[CheckKeywords]
) -> RecipesFound:
    """Try the usual ways to prepare images; find the fault-free accuracy of each.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        observer: is told how it goes.
        options: keywords, each optional.

            - ``data``: labelled images, as of `analyzer.run`. ``labels``: a list of file names and
              classes, for a folder. ``images``: how many are drawn by ``seed``; 256 by default.
            - ``layout``, ``color``, ``resize``, ``crop``, ``scale``, ``mean``, ``std``: what is
              not to be varied.
            - ``metric``: name of the metric. ``expect``: a figure like ``"top1=0.91"``, or several,
              that the best recipe must reach. ``json``: file for the report.

    Returns:
        The recipes, the best first; one row per recipe.

    Raises:
        RelcheckError: whatever is wrong with the options, the model or the data.

    >>> import analyzer
    >>> found = check(analyzer.demonstration_model(), images=64)
    >>> found.record.settled
    True
    """
    sources = {"model": model_source(model), "command": "analyzer.check"}
    return check_recipes(request_from(RecipesRequest, CheckKeywords, options, **sources), observer)


@takes(AnnotateKeywords)
def annotate(model: ModelLike, **options: Unpack[AnnotateKeywords]) -> AnnotatedModel:
    """Write into a model how images are prepared, and what its classes are.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        options: keywords, each optional.

            - ``layout``, ``color``, ``resize``, ``crop``, ``scale``, ``mean``, ``std``: entries.
            - ``labels``: names of the classes in their order, a list or text like ``"dog,cat"``; or
              the path of a file with one on each line.
            - ``data``: path of a data set in the folder of ``out``, used by default.
            - ``out``: file for the model, which is returned in any case.

    Returns:
        The annotated model (``.model``), and its entries.

    Raises:
        RelcheckError: whatever is wrong with the options or the model.

    >>> import analyzer
    >>> made = annotate(analyzer.demonstration_model(), scale="1/16", labels=list("0123456789"))
    >>> made.entries["scale"]
    '0.0625'
    """
    sources = {"model": model_source(model), "command": "analyzer.annotate"}
    return annotate_model(request_from(AnnotateRequest, AnnotateKeywords, options, **sources))
