"""Sizes that a model leaves open, where there is no data set: found by trying the usual ones.

Detectors, readers of text and models of speech take images and sounds of any size that their
strides allow. The first usual size that a model takes is fed, the same in every open dimension,
and the report says which.
"""

from dataclasses import replace

from analyzer.answers import Failure
from analyzer.errors import UnsupportedSignature, quoted, short
from analyzer.evaluation.dataset import make_batches
from analyzer.evaluation.readers import OPEN_LENGTH, generate_data
from analyzer.model import InputSignature, Model
from analyzer.runtime.ort.session import open_session, run_session, session_options

IMAGE_SIZES = (224, 320, 640, 256, 416, 512, 128, 96, 64, 48, 32, 28, 16, 8)
"""Rows and columns, of networks that are in use; the smaller ones also serve as lengths."""

LENGTHS = (512, 576, 256, 1024, 16000, 128, 100, 64, 32, 16, 8, 4, 1)
"""Samples, frames or steps."""


def with_sizes(model: Model, seed: int) -> tuple[InputSignature, str]:
    """The inputs of a model with a size in every dimension but that of the batch.

    Args:
        model: the model.
        seed: of the inputs that are tried.

    Returns:
        The inputs, and half a sentence on the sizes that were chosen; empty: none was open.

    Raises:
        UnsupportedSignature: the model takes none of the usual sizes.
    """
    signature = model.signature
    if not any(None in s.item for s in signature.every):
        return signature, ""
    if any(s.is_integer and s.axis == 0 for s in signature.every):
        return _closed(signature, OPEN_LENGTH), _said(signature, OPEN_LENGTH)
    size = _first_taken(model, seed)
    found = f"{_said(signature, size)}, the first usual size that the model takes"
    return _closed(signature, size), f"{found}; --data gives another"


def _first_taken(model: Model, seed: int) -> int:
    """The first usual size with which the model runs.

    Raises:
        UnsupportedSignature: there is none.
    """
    sizes = IMAGE_SIZES if len(model.signature.shape) >= 4 else LENGTHS
    session, why = open_session(model.proto, session_options()), ""
    for size in sizes:
        fixed = model.signature.fixed_batch
        one = generate_data(_closed(model.signature, size), seed, 1)
        feeds = make_batches(one, fixed or 1, seed, fixed is not None)[0].feeds(
            model.signature.name
        )
        answer = run_session(session, feeds)
        if not isinstance(answer, Failure):
            return size
        why = answer.message
    raise UnsupportedSignature(
        f"input {model.signature} leaves dimensions open, and the model takes none of the usual "
        f"sizes ({', '.join(map(str, sizes))}; of the last: {short(why)}); give --data"
    )


def _closed(signature: InputSignature, size: int) -> InputSignature:
    """The same with ``size`` in every open dimension but that of the batch."""
    shape = tuple(
        size if d is None and axis != signature.axis else d
        for axis, d in enumerate(signature.shape)
    )
    others = tuple(_closed(other, size) for other in signature.others)
    return replace(signature, shape=shape, others=others)


def _said(signature: InputSignature, size: int) -> str:
    opened = [quoted(s.name) for s in signature.every if None in s.item]
    several = "s" * (len(opened) > 1)
    leaves = "leave their" if several else "leaves its"
    return f"input{several} {', '.join(opened)} {leaves} size open: {size} is fed"
