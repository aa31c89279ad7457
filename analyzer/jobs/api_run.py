"""The Python API, the part that runs a sweep, or analyzes a deployment target."""

from pathlib import Path
from typing import Any, Unpack, overload

from analyzer.errors import BadOption
from analyzer.jobs.calls import request_from
from analyzer.jobs.keywords import AnyRunKeywords, RunKeywords, TargetKeywords
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.config_file import ConfigFile
from analyzer.jobs.requests.target import TargetRequest, names_target
from analyzer.jobs.signatures import takes
from analyzer.jobs.sources import ModelLike, model_source
from analyzer.jobs.sweep import SweepReport, run_sweep
from analyzer.jobs.target import TargetReport, analyze_target
from analyzer.jobs.target.library import TargetLike, target_source


class _Asked(AnyRunKeywords, total=False):
    """All that a call may give, the target among it."""

    target: TargetLike


@overload
def run(
    model: ModelLike,
    *,
    observer: Observer = SILENT,
    target: TargetLike,
    **options: Unpack[TargetKeywords],
) -> TargetReport: ...


@overload
def run(
    model: ModelLike,
    *,
    observer: Observer = SILENT,
    target: None = None,
    **options: Unpack[RunKeywords],
) -> SweepReport: ...


@takes(AnyRunKeywords)
def run(
    model: ModelLike,
    *,
    observer: Observer = SILENT,
    target: TargetLike | None = None,
    **options: Any,
) -> SweepReport | TargetReport:
    """Sweep bit error rates, or analyze a deployment target, and judge gates.

    Args:
        model: path of an ONNX file, the bytes of one, or an `onnx.ModelProto`.
        target: a deployment target: its file, the name of one that comes with the tool, or what
            `analyzer.read_target` returned. None: a sweep.
        observer: is told how it goes, e.g. a subclass of `analyzer.Silent`.
        options: keywords, each optional.

            - ``data``: path of an ``.npz`` file or an image folder; an array (n, ...) of inputs;
              ``(inputs, labels)``; arrays by input name, perhaps with ``labels``; batches of these,
              or a function that returns them. uint8 images, (n, rows, columns, channels), are
              preprocessed; floats in the model's own input shape are fed as they are. Without
              data, the data set beside the model is taken, or random inputs. Of an image folder:
              ``labels``, a list of files and classes; ``masks``, a folder with a mask for each
              image; ``part``, ``"train"``, ``"val"`` or ``"test"`` of a data set in parts.
            - ``images``: use the first so many. ``batch``: images per run. ``layout``, ``color``,
              ``resize``, ``crop``, ``scale``, ``mean``, ``std``: preprocessing.
            - ``rates``: a bit error rate, a sequence of them, or text like ``"1e-7..3e-5"``, each
              above 0 and below 1. ``exposure``: ``"transient"`` or ``"resident"``.
            - ``fault``: ``"flip"``, ``"burst:K"``, ``"stuck0"``, ``"stuck1"``, ``"word:W"``,
              ``"row:B"``, ``"column:K"`` or a mixture like ``"mix:seu=0.8,mbu2=0.2"``.
              ``protect``: protection of the memory, like ``"secded:64"`` or ``"tmr@conv*"``.
              ``encoding``: ``"stored"`` or ``"q15.16"``. ``include``, ``exclude``: globs of tensor
              names. ``kinds``: of tensors, e.g. ``"weight,bias"``.
            - ``metric``: name of the metric, or a function of a file. ``task``, ``output``: the
              decision rule and the output that is judged (docs/method-answers.md).
            - ``precision``: half-width of an interval at which a rate is done, a fraction.
              ``confidence``: of each interval, a fraction.
            - ``gate``: a condition like ``"top1 >= 0.9 @ 1e-6"``, or several. ``until``:
              ``"precision"``, or ``"gate"`` to end a rate once its gate is decided.
            - With a target ``fault``, ``protect``, ``exposure`` and ``rates`` are its own, and
              ``gate`` is like ``"sdc_fit <= 10"``. ``exhaustive``: every event meets every image.
            - ``budget``: CPU seconds, or text like ``"10m"`` (the default). ``seed``: of every
              random number. ``jobs``: worker processes, one per core by default; 0: none.
              ``cache``: bytes, or text like ``"2G"``. ``cluster``: address of a Dask scheduler.
              ``device``: ``"cpu"``, ``"cuda"``, ``"auto"`` ... ``precise_int8``: True to add up
              products of 8-bit integers exactly on any processor.
            - ``journal``: a file that keeps finished trials, so that the same call goes on where
              it was interrupted. ``config``: a TOML file of such options. ``json``, ``html``:
              files to write.

    Returns:
        The report; a `TargetReport` if there is a target. After Ctrl-C in the main thread, and
        once the budget is spent, it is that of the trials done so far: ``complete`` is false.

    Raises:
        RelcheckError: whatever is wrong with the options, the model or the data.

    >>> import analyzer
    >>> report = run(analyzer.demonstration_model(), rates=[1e-6], precision=0.1, images=64, jobs=0)
    >>> report.complete, len(report.rows())
    (True, 1)
    """
    sources = {"model": model_source(model), "command": "analyzer.run"}
    if target is not None:
        given = {**options, "target": target_source(target)}
        return analyze_target(request_from(TargetRequest, _Asked, given, **sources), observer)
    _check_config(options.get("config"))
    found = run_sweep(request_from(SweepRequest, AnyRunKeywords, options, **sources), observer)
    assert isinstance(found, SweepReport), "no share of a sweep was asked for"
    return found


def _check_config(config: Any) -> None:
    """Refuse a settings file that names a target where the call names none.

    Raises:
        BadOption: it does: the call would return another report than its types say.
    """
    if config is not None and names_target({}, ConfigFile(Path(config))):
        raise BadOption(
            f"{config} names a target, of which analyzer.run returns another report than of a "
            "sweep; give it as target=... as well"
        )
