"""Time and output bytes of each node of an optimized graph, as ONNX Runtime records them."""

import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from analyzer.answers import Feeds
from analyzer.runtime.ort.shared_initializers import SharedInitializers, open_shared_session
from analyzer.runtime.stretches.cuts import Cut

FORBIDDEN_SIZE = np.iinfo(np.int64).max // 4
"""Bytes of a cut that must not be kept."""

RUNS = 3
"""Runs of which the quickest counts, node by node: other work of the machine only ever adds."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Time and output bytes by node, in file order; zero for nodes that left no record.

    Attributes:
        seconds: float64 (nodes,), time in one run.
        size: int64 (nodes,), bytes of all outputs of the node.
    """

    seconds: npt.NDArray[np.float64]
    size: npt.NDArray[np.int64]


def profile_nodes(
    stripped: onnx.ModelProto, ort_values: SharedInitializers, feeds: Feeds
) -> Profile:
    """Run one batch a few times and read ONNX Runtime's record.

    Args:
        stripped: the stripped optimized model.
        ort_values: its live weights.
        feeds: one batch.
    """
    with tempfile.TemporaryDirectory(prefix="relcheck-") as folder:
        session = open_shared_session(stripped, ort_values, profile=Path(folder, "profile"))
        for _ in range(RUNS):
            session.run(feeds)
        records = take_records(session.session)
    return node_profile(records, stripped.graph.node)


Records = Sequence[Mapping[str, Any]]
"""ONNX Runtime's record of runs: one entry per event."""


def take_records(session: ort.InferenceSession) -> Records:
    """End profiling and return what was recorded."""
    found: Records = json.loads(Path(session.end_profiling()).read_text())
    return found


def times_of_runs(records: Records) -> list[float]:
    """Seconds of every run, in order; a run ends when its device is done."""
    return [r["dur"] / 1e6 for r in records if r.get("name") == "model_run"]


def node_profile(records: Records, nodes: Sequence[onnx.NodeProto]) -> Profile:
    """The quickest time and the output bytes of each node.

    Args:
        records: of runs of a session of the graph.
        nodes: the nodes of the graph, in file order.
    """
    seconds, size = np.full(len(nodes), np.inf), np.zeros(len(nodes), np.int64)
    for record in records:
        if record.get("cat") != "Node" or not record["name"].endswith("_kernel_time"):
            continue
        index = int(record["args"]["node_index"])
        if index < len(nodes) and nodes[index].op_type == record["args"]["op_name"]:
            seconds[index] = min(seconds[index], record["dur"] / 1e6)
            size[index] = int(record["args"]["output_size"])
    return Profile(np.where(np.isinf(seconds), 0.0, seconds), size)


def cut_sizes(
    cuts: Sequence[Cut], graph: onnx.GraphProto, profile: Profile, inputs: Collection[str]
) -> npt.NDArray[np.int64]:
    """Bytes that pass each cut: int64 (cuts,).

    Inputs of the model are not counted, because the batches are in memory anyway.

    Args:
        cuts: of the graph.
        graph: the optimized graph.
        profile: of its nodes.
        inputs: names of the inputs.
    """
    size: Mapping[str, int] = {
        name: int(profile.size[i]) for i, node in enumerate(graph.node) for name in node.output
    }
    return np.array([sum(size[n] for n in c.values if n not in inputs) for c in cuts], np.int64)
