"""``metadata_props`` of a hardened model: the method, its numbers, the data and the original."""

from collections.abc import Mapping

import onnx

PREFIX = "relcheck.hardening."
METHOD_KEY, THRESHOLDS_KEY = f"{PREFIX}method", f"{PREFIX}thresholds"
CALIBRATION_KEY, ORIGIN_KEY = f"{PREFIX}calibration", f"{PREFIX}origin"

ORDER = (METHOD_KEY, THRESHOLDS_KEY, ORIGIN_KEY, CALIBRATION_KEY)
"""Known keys come in this order, others behind them: the same hardening, the same bytes."""


def method_of(proto: onnx.ModelProto) -> str | None:
    """The method that a model was hardened by; None if by none."""
    return {p.key: p.value for p in proto.metadata_props}.get(METHOD_KEY)


def describe(proto: onnx.ModelProto, method: str, origin: str, entries: Mapping[str, str]) -> None:
    """Write down how a hardened model came about, in place.

    Args:
        proto: changed in place; entries that it has already stay.
        method: word of the mitigation.
        origin: SHA-256 of the original model's file.
        entries: further entries by key.
    """
    found = {METHOD_KEY: method, ORIGIN_KEY: origin, **entries}
    places = {key: place for place, key in enumerate(ORDER)}
    for key in sorted(found, key=lambda key: places.get(key, len(places))):
        proto.metadata_props.add(key=key, value=found[key])
