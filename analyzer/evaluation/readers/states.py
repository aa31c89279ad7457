"""Inputs that no data set has a row for: scalars, and what recurrent networks remember."""

from collections.abc import Collection, Mapping

import numpy as np

from analyzer.errors import UnsupportedSignature, quoted
from analyzer.evaluation.dataset import State
from analyzer.model import InputSignature

SAMPLE_RATE = 16000
"""Hertz; what models of speech are trained on."""

USUAL = dict.fromkeys(("sr", "sample_rate", "sampling_rate", "samplerate"), SAMPLE_RATE)
"""Scalars whose name says what is usually fed. Others are 1, for a factor or a temperature of 0
would make every answer the same; truth values are false."""


def ready_states(signature: InputSignature, given: Mapping[str, State]) -> dict[str, State]:
    """The feed of every state: the given one, else zeros, or the usual value if it is a scalar.

    Args:
        signature: the model's inputs.
        given: by name.

    Raises:
        UnsupportedSignature: a state of open shape is not given.
    """
    return {
        s.name: given[s.name] if s.name in given else _usual(s)
        for s in signature.others
        if s.is_state
    }


def say_states(signature: InputSignature, given: Collection[str]) -> str:
    """Half a sentence on the states that nothing was given for; empty: there are none.

    Args:
        signature: the model's inputs.
        given: names of those that were given.
    """
    left = [s for s in signature.others if s.is_state and s.name not in given]
    told = [f"input {quoted(s.name)} is fed {_shown(s)}" for s in left]
    return "; ".join(told)


def _usual(signature: InputSignature) -> State:
    shape = list(signature.shape)
    if signature.axis is not None:
        shape[signature.axis] = 1
    known = [d for d in shape if d is not None]
    if len(known) < len(shape):
        raise UnsupportedSignature(
            f"input {quoted(signature.name)} of shape {signature.shape} leaves dimensions open "
            "that nothing resolves; give it under its name in an .npz file"
        )
    return State(np.full(known, _value(signature), signature.dtype), signature.axis)


def _value(signature: InputSignature) -> int:
    if signature.shape or signature.dtype == "bool":
        return 0
    return USUAL.get(signature.name.lower(), 1)


def _shown(signature: InputSignature) -> str:
    return "zeros" if signature.shape else str(_value(signature))
