"""ONNX operators that move, cut, join and measure tensors, in torch; they compute no value.

Each function takes the attributes of a node and its inputs, as in `exporters.qat.operators`.
"""

from __future__ import annotations

from typing import Any

from exporters.qat.operators import Attributes, Operator

SHAPES: dict[str, Operator] = {
    "Identity": lambda _, x: x,
    "Dropout": lambda _, x, *others: x,
    "Transpose": lambda a, x: x.permute(a.get("perm", list(reversed(range(x.ndim))))),
    "Concat": lambda a, *parts: _torch().cat(parts, a["axis"]),
    "Flatten": lambda a, x: x.reshape(_rows(x.shape, a.get("axis", 1)), -1),
    "Size": lambda _, x: _torch().tensor(x.numel()),
    "GatherElements": lambda a, x, index: x.gather(a.get("axis", 0), index),
}
"""Operator -> function of (attributes, *inputs)."""


def _torch() -> Any:
    import torch

    return torch


def _rows(shape: Any, axis: int) -> int:
    count = 1
    for size in shape[:axis]:
        count *= int(size)
    return count


def _shape(a: Attributes, x: Any) -> Any:
    sizes = list(x.shape)[a.get("start", 0) : a.get("end")]
    return _torch().tensor(sizes, dtype=_torch().int64, device=x.device)


def _reshape(a: Attributes, x: Any, wanted: Any) -> Any:
    sizes = [int(s) for s in wanted]
    if not a.get("allowzero", 0):
        sizes = [x.shape[i] if s == 0 else s for i, s in enumerate(sizes)]
    return x.reshape(sizes)


def _axes(a: Attributes, axes: Any) -> list[int]:
    return list(a["axes"]) if axes is None else [int(axis) for axis in axes.reshape(-1)]


def _squeeze(a: Attributes, x: Any, axes: Any = None) -> Any:
    return x.squeeze() if axes is None and "axes" not in a else x.squeeze(tuple(_axes(a, axes)))


def _unsqueeze(a: Attributes, x: Any, axes: Any = None) -> Any:
    places = _axes(a, axes)
    rank = x.ndim + len(places)
    for place in sorted(p % rank for p in places):
        x = x.unsqueeze(place)
    return x


def _expand(_: Attributes, x: Any, wanted: Any) -> Any:
    sizes = [int(s) for s in wanted]
    return x.expand(_torch().broadcast_shapes(tuple(x.shape), tuple(sizes)))


def _split(a: Attributes, x: Any, sizes: Any = None) -> Any:
    axis = a.get("axis", 0)
    if sizes is not None:
        return x.split([int(s) for s in sizes], axis)
    count = a["num_outputs"]
    return x.split(-(-x.shape[axis] // count), axis)


def _slice(
    _: Attributes, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None
) -> Any:
    places = range(len(starts)) if axes is None else [int(axis) for axis in axes]
    strides = [1] * len(starts) if steps is None else [int(step) for step in steps]
    for start, end, axis, step in zip(starts, ends, places, strides, strict=True):
        size = x.shape[axis]
        chosen = list(range(size))[slice(int(start), int(end), step)]
        index = _torch().tensor(chosen, dtype=_torch().int64, device=x.device)
        x = x.index_select(axis, index)
    return x


def _gather(a: Attributes, x: Any, index: Any) -> Any:
    axis = a.get("axis", 0) % x.ndim
    index = index.to(x.device)
    flat = _torch().where(index < 0, index + x.shape[axis], index).reshape(-1)
    taken = x.index_select(axis, flat)
    return taken.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])


def _gather_nd(a: Attributes, x: Any, index: Any) -> Any:
    if a.get("batch_dims", 0):
        raise NotImplementedError
    return x[tuple(index.to(x.device).unbind(-1))]


def _scatter_nd(_: Attributes, x: Any, index: Any, updates: Any) -> Any:
    result = x.clone()
    result[tuple(index.to(x.device).unbind(-1))] = updates.to(x.device)
    return result


def _pad(a: Attributes, x: Any, pads: Any, value: Any = None, axes: Any = None) -> Any:
    places = list(range(x.ndim)) if axes is None else [int(axis) % x.ndim for axis in axes]
    half = len(places)
    ends = {place: (int(pads[i]), int(pads[i + half])) for i, place in enumerate(places)}
    flat = [size for axis in reversed(range(x.ndim)) for size in ends.get(axis, (0, 0))]
    mode = a.get("mode", b"constant").decode()
    fill = 0.0 if value is None else float(value)
    pad = _torch().nn.functional.pad
    return pad(x, flat, value=fill) if mode == "constant" else pad(x, flat, mode=mode)


def _range(_: Attributes, start: Any, limit: Any, step: Any) -> Any:
    ends = (start.item(), limit.item(), step.item())
    return _torch().arange(*ends, dtype=start.dtype, device=start.device)


def _constant_of_shape(a: Attributes, sizes: Any) -> Any:
    from onnx import numpy_helper

    given = a.get("value")
    value = numpy_helper.to_array(given).reshape(()) if given is not None else 0.0
    scalar = _torch().as_tensor(value, device=sizes.device)
    if given is None:
        scalar = scalar.float()
    return scalar.expand([int(s) for s in sizes]).clone()


def _cast(a: Attributes, x: Any) -> Any:
    from onnx import helper

    kind = helper.tensor_dtype_to_np_dtype(a["to"])
    return x.to(getattr(_torch(), str(kind)))


SHAPES |= {
    "Shape": _shape,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Expand": _expand,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "Pad": _pad,
    "GatherND": _gather_nd,
    "ScatterND": _scatter_nd,
    "Range": _range,
    "Cast": _cast,
    "ConstantOfShape": _constant_of_shape,
}
