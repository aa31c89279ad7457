"""Thresholds from data: the largest (and smallest) value of every site, reduced in the graph.

The model is run with three extra outputs per site, one number each, so that no activation leaves
the runtime. The sum is there for NaN: a maximum may pass over NaN, a sum cannot.

ONNX Runtime rounds a graph that it has optimized otherwise than the same graph as written, and a
graph with bounds otherwise than one without. A maximum must be one in all of them: else the bound
would send that very value to 0. So two forms are run, the hardened one as it will be optimized,
its bounds wide open, and the original as written; the wider of the two ranges counts.

Types of less precision than float32 are rounded less often than the graph says: ONNX Runtime
computes several such nodes in float32, a bound among them, and rounds the last result. So extremes
are measured in float32, and a threshold is the next number of the type outwards.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from analyzer.answers import Failure, Feeds, Result
from analyzer.errors import BadCalibration, DataMismatch, quoted
from analyzer.faults.elements import FLOAT32
from analyzer.graph.index import all_names
from analyzer.model.element_types import ELEMENT_OF, STORED_TYPES
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.activations.survey import ActivationSite, Side
from exporters.hardening.bounds.form import BoundForm
from exporters.hardening.bounds.insert import open_thresholds, with_bounds
from exporters.hardening.bounds.thresholds import Threshold

REDUCTIONS = ("ReduceMin", "ReduceMax", "ReduceSum")

NARROW = frozenset(stored.number for stored in STORED_TYPES if FLOAT32 in stored.held_as)
"""Element types that ONNX Runtime may compute in float32."""

Extremes = npt.NDArray[np.float64]


def calibrate(
    proto: onnx.ModelProto,
    sites: tuple[ActivationSite, ...],
    form: BoundForm,
    batches: Iterable[Feeds],
    step: Callable[[int], object] = lambda _: None,
) -> dict[str, Threshold]:
    """The extremes of every site over a data set, as thresholds.

    Args:
        proto: the model; it is not changed.
        sites: of `survey` of this very model.
        form: how the sites will be bounded.
        batches: what is fed, input by input.
        step: told the index of each batch that is done.

    Raises:
        DataMismatch: the model fails on the data.
        BadCalibration: an activation is NaN or infinite somewhere.
        UnsupportedModel: ONNX Runtime cannot load the model.
    """
    hardened = with_bounds(proto, sites, open_thresholds(sites), form)
    sessions = (
        open_session(with_extremes(hardened, sites), session_options()),
        open_session(with_extremes(proto, sites), session_options(optimize=False)),
    )
    low = np.full(len(sites), math.inf)
    high = np.full(len(sites), -math.inf)
    for number, batch in enumerate(batches):
        for session in sessions:
            found = _extremes(run_session(session, batch), sites)
            low, high = np.minimum(low, found[:, 0]), np.maximum(high, found[:, 1])
        step(number)
    return {
        site.value: _threshold(site, float(a), float(b))
        for site, a, b in zip(sites, low, high, strict=True)
    }


def _threshold(site: ActivationSite, low: float, high: float) -> Threshold:
    """The range of one site, from its extremes."""
    if site.side is Side.TWO:
        return Threshold(low=outwards(low, -1, site.dtype), high=outwards(high, 1, site.dtype))
    # What a later QuantizeLinear makes 0 may have a maximum below 0.
    return Threshold(high=max(0.0, outwards(high, 1, site.dtype)))


def outwards(value: float, sign: int, dtype: int) -> float:
    """``value`` in an element type, rounded away from the range that it ends.

    >>> outwards(2049.0, 1, onnx.TensorProto.FLOAT16), outwards(2048.0, 1, onnx.TensorProto.FLOAT16)
    (2050.0, 2048.0)

    Args:
        value: a finite number.
        sign: 1 for an upper end, -1 for a lower one.
        dtype: ONNX element type; in all but those of `NARROW`, ``value`` is exact already.
    """
    if dtype not in NARROW:
        return value
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    rounded = np.asarray(value).astype(kind)
    if sign * float(rounded) < sign * value:
        with np.errstate(over="ignore"):
            rounded = np.nextafter(rounded, np.asarray(sign * np.inf).astype(kind))
    # Between the largest number and infinity no number of the type lies further out.
    most = ELEMENT_OF[dtype].largest
    return float(np.clip(float(rounded), -most, most))


def _extremes(result: Result, sites: tuple[ActivationSite, ...]) -> Extremes:
    """Float64 (sites, 3): minimum, maximum and sum of each site in one run."""
    if isinstance(result, Failure):
        raise DataMismatch(f"the model fails on the calibration data: {result.message}")
    outputs = result.outputs[-len(REDUCTIONS) * len(sites) :]
    found = np.array([float(e) for e in outputs]).reshape(len(sites), len(REDUCTIONS))
    _check(found, sites)
    return found


def with_extremes(proto: onnx.ModelProto, sites: tuple[ActivationSite, ...]) -> onnx.ModelProto:
    """A copy of a model that also returns minimum, maximum and sum of every site.

    Args:
        proto: not changed.
        sites: of this model.

    Returns:
        The copy; its last outputs are 3 numbers () for each site, float32 for a narrow type.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    taken = all_names(copy.graph)
    for number, site in enumerate(sites):
        value, dtype = site.value, site.dtype
        if dtype in NARROW:
            value, dtype = _free(f"relcheck_wide_{number}", taken), onnx.TensorProto.FLOAT
            copy.graph.node.append(helper.make_node("Cast", [site.value], [value], to=dtype))
        for operator in REDUCTIONS:
            name = _free(f"relcheck_{operator}_{number}", taken)
            node = helper.make_node(operator, [value], [name], name=name, keepdims=0)
            copy.graph.node.append(node)
            copy.graph.output.append(helper.make_tensor_value_info(name, dtype, []))
    return copy


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _check(found: Extremes, sites: tuple[ActivationSite, ...]) -> None:
    """Refuse NaN and infinity.

    Args:
        found: float64 (sites, 3), minimum, maximum and sum.
        sites: their sites, row by row.

    Raises:
        BadCalibration: a site has no range.
    """
    # A narrow type is infinite from where it rounds to infinity, though float32 goes on.
    most = np.array([_overflow(site.dtype) for site in sites])
    bad = np.isnan(found).any(axis=1) | (np.abs(found[:, :2]) >= most[:, None]).any(axis=1)
    if bad.any():
        site = sites[int(bad.argmax())]
        raise BadCalibration(
            f"activation {quoted(site.value, 80)} ({site.kind}) is NaN or infinite on the "
            "calibration data, so that it has no range; check the data and their preprocessing"
        )


def _overflow(dtype: int) -> float:
    """The number from which on a value of an element type is infinite."""
    if dtype not in NARROW:
        return math.inf
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    most = ELEMENT_OF[dtype].largest
    below = float(np.nextafter(np.asarray(most).astype(kind), np.asarray(0.0).astype(kind)))
    return most + (most - below) / 2
