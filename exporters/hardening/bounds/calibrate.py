"""Thresholds from data: the largest (and smallest) value of every site, reduced in the graph.

The model is run with three extra outputs per site, one number each, so that no activation leaves
the runtime. The sum is there for NaN: a maximum may pass over NaN, a sum cannot.

ONNX Runtime rounds a graph that it has optimized otherwise than the same graph as written, and a
graph with bounds otherwise than one without. A maximum must be one in all of them: else the bound
would send that very value to 0. So two forms are run, the hardened one as it will be optimized,
its bounds wide open, and the original as written; the wider of the two ranges counts.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from analyzer.answers import Failure, Feeds, Result
from analyzer.errors import BadCalibration, DataMismatch, quoted
from analyzer.graph.index import all_names
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.activations.survey import Side, Site
from exporters.hardening.bounds.insert import insert_bounds, open_thresholds
from exporters.hardening.bounds.thresholds import Method, Threshold

REDUCTIONS = ("ReduceMin", "ReduceMax", "ReduceSum")


def calibrate(
    proto: onnx.ModelProto,
    sites: tuple[Site, ...],
    method: Method,
    batches: Iterable[Feeds],
    step: Callable[[int], None],
) -> dict[str, Threshold]:
    """The extremes of every site over a data set, as thresholds.

    Args:
        proto: the model; it is not changed.
        sites: of `survey` of this very model.
        method: how the sites will be bounded.
        batches: what is fed, input by input.
        step: told the index of each batch that is done.

    Raises:
        DataMismatch: the model fails on the data.
        BadCalibration: an activation is NaN or infinite somewhere.
        UnsupportedModel: ONNX Runtime cannot load the model.
    """
    hardened = onnx.ModelProto()
    hardened.CopyFrom(proto)
    insert_bounds(hardened, sites, open_thresholds(sites), method)
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
        site.value: Threshold(low=float(a) if site.side is Side.TWO else None, high=float(b))
        for site, a, b in zip(sites, low, _above_zero(high, sites), strict=True)
    }


def _extremes(result: Result, sites: tuple[Site, ...]) -> npt.NDArray[np.float64]:
    """Float64 (sites, 3): minimum, maximum and sum of each site in one run."""
    if isinstance(result, Failure):
        raise DataMismatch(f"the model fails on the calibration data: {result.message}")
    outputs = result.outputs[-len(REDUCTIONS) * len(sites) :]
    found = np.array([float(e) for e in outputs]).reshape(len(sites), len(REDUCTIONS))
    _check(found, sites)
    return found


def with_extremes(proto: onnx.ModelProto, sites: tuple[Site, ...]) -> onnx.ModelProto:
    """A copy of ``proto`` with minimum, maximum and sum of every site as further outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    taken = all_names(copy.graph)
    for number, site in enumerate(sites):
        for operator in REDUCTIONS:
            name = f"relcheck_{operator}_{number}"
            while name in taken:
                name += "_"
            copy.graph.node.append(
                helper.make_node(operator, [site.value], [name], name=name, keepdims=0)
            )
            copy.graph.output.append(helper.make_tensor_value_info(name, site.dtype, []))
    return copy


def _check(found: npt.NDArray[np.float64], sites: tuple[Site, ...]) -> None:
    """Refuse NaN and infinity.

    Args:
        found: float64 (sites, 3), minimum, maximum and sum.
        sites: what they belong to.
    """
    bad = np.isnan(found).any(axis=1) | np.isinf(found[:, :2]).any(axis=1)
    if bad.any():
        site = sites[int(bad.argmax())]
        raise BadCalibration(
            f"activation {quoted(site.value, 80)} ({site.kind}) is NaN or infinite on the "
            "calibration data, so that it has no range; check the data and their preprocessing"
        )


def _above_zero(high: npt.NDArray[np.float64], sites: tuple[Site, ...]) -> npt.NDArray[np.float64]:
    """Upper bounds; what a later QuantizeLinear makes 0 may have a maximum below 0."""
    one_sided = np.array([site.side is Side.ONE for site in sites])
    return np.where(one_sided, np.maximum(high, 0.0), high)
