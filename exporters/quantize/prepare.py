"""A model in the form that the quantizer takes: one graph, dense weights, scales per channel."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from exporters.hardening.subject import inlined
from exporters.quantize.opsets import with_axes
from exporters.quantize.stored_weights import with_stored_weights

Feed = Mapping[str, npt.NDArray[Any]]


def prepared(proto: onnx.ModelProto, per_channel: bool, feed: Feed | None) -> onnx.ModelProto:
    """The same model in a form that the quantizer takes.

    Args:
        proto: not changed; returned as it is if the quantizer takes it.
        per_channel: True if weights get one scale per channel.
        feed: one batch, to check conversions on; None: they are not checked.

    Raises:
        CannotQuantize: the model cannot be brought into that form.
    """
    # The quantizer looks at the main graph alone: calls of local functions would stay as they are,
    # their bodies lost.
    proto = with_stored_weights(_with_dense_weights(inlined(proto)))
    return with_axes(proto, feed) if per_channel else proto


def _with_dense_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with its sparse tensors written out; it is returned as it is without any."""
    if not proto.graph.sparse_initializer:
        return proto
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for sparse in proto.graph.sparse_initializer:
        copy.graph.initializer.append(numpy_helper.from_array(_dense(sparse), sparse.values.name))
    del copy.graph.sparse_initializer[:]
    return copy


def _dense(sparse: onnx.SparseTensorProto) -> npt.NDArray[Any]:
    """All elements of a sparse tensor, (...) of its shape.

    Its indices are positions in the flattened tensor, or coordinates (n, rank).
    """
    values, indices = (numpy_helper.to_array(t) for t in (sparse.values, sparse.indices))
    dense = np.zeros(tuple(sparse.dims), values.dtype)
    places = np.ravel_multi_index(tuple(indices.T), dense.shape) if indices.ndim == 2 else indices
    dense.reshape(-1)[places] = values
    return dense
