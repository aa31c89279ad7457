"""The stages that measure: sweeps of bit error rates, maps, single events in a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paper.plan.words import IN_PROCESS, words
from paper.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from paper.plan.models import Trained

PROTECTIONS = ("none", "secded", "mset")


def sweep_stages(model: Trained) -> Iterator[Stage]:
    """The float32 models as stored, and those of the base network in q15.16."""
    study = model.study
    yield _comparison("fp32", model, model.float32, study.fp32)
    if model.of_base:
        yield _comparison("q15.16", model, model.float32, study.fixed, ("--encoding", "q15.16"))


def integer_stages(model: Trained) -> Iterator[Stage]:
    """The quantized models beside those that they were made of."""
    study = model.study
    if model.quantized:
        yield _comparison("int8", model, model.integer, study.int8, precision=study.int8_precision)


def map_stages(model: Trained) -> Iterator[Stage]:
    """A map of the unprotected model, for one seed of those trained from random weights."""
    study = model.study
    if model.pretraining is not None or model.seed != study.map_seed:
        return
    source, images, out = model.file("float.onnx"), study.images("test"), model.result("map")
    command = words(
        *("relcheck", "map", source, "--data", images, "--margin", study.map_margin),
        *("--budget", study.map_budget, *IN_PROCESS, "--seed", model.seed, "--json", out),
    )
    yield Stage(f"map/{model.numbered}", command, (source, images), (out,), model.seed)


def protection_stages(model: Trained) -> Iterator[Stage]:
    """The base network behind decoders of its memory."""
    if model.pretraining is not None or not model.of_base:
        return
    files = (model.file("float.onnx"),) * len(PROTECTIONS)
    extra = [word for scheme in PROTECTIONS for word in ("--protect", scheme)]
    yield _comparison("protect", model, files, model.study.fp32, extra)


def target_stages(model: Trained) -> Iterator[Stage]:
    """Single events in a stated memory, for forms of the base network."""
    if model.pretraining is not None or not model.of_base:
        return
    study, images = model.study, model.study.images("test")
    for form in study.target_forms:
        source, out = model.file(f"{form}.onnx"), model.result("fit", form)
        command = words(
            *("relcheck", "run", source, "--target", study.target, "--data", images),
            *("--precision", study.target_precision, "--budget", study.budget, *IN_PROCESS),
            *("--seed", model.seed, "--json", out),
        )
        name = f"fit/{model.numbered}-{form}"
        yield Stage(name, command, (source, images), (out,), model.seed)


def _comparison(
    kind: str,
    model: Trained,
    files: Sequence[Path],
    rates: str,
    extra: Sequence[str] = (),
    precision: str | None = None,
) -> Stage:
    study, images, out = model.study, model.study.images("test"), model.result(kind)
    command = words(
        *("relcheck", "compare", *files, *extra, "--data", images, "--rates", rates),
        *("--precision", precision or study.precision, "--budget", study.budget, *IN_PROCESS),
        *("--seed", model.seed, "--json", out),
    )
    reads = (*dict.fromkeys(files), images)
    return Stage(f"{kind}/{model.numbered}", command, reads, (out,), model.seed)
