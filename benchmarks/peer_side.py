"""The tool and its peers on one network, in one process with torch; prints JSON.

    python -m benchmarks.peer_side resnet20

All run the same network with the same weights on the same batch, one thread, with as many flipped
bits: one in the weights of every convolution and fully connected layer, or one in one layer, layers
drawn in proportion to their weights. Timed is all that a fault costs: drawing it, injecting it, the
inference, and whatever puts the weights back; for the tool itself also judging every image.
"""

from __future__ import annotations

import importlib
import json
import logging
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.models import RESNET20, SOURCES
from benchmarks.peer_tools import TOOLS, Peer, flipped_bits, layers_of
from benchmarks.throughput import Faulty, open_bench
from benchmarks.timing import Timed, Work, in_turn

if TYPE_CHECKING:
    import onnx
    import torch
    from torch import nn

BATCH = {"resnet20": 100, "mobilenet_v2": 16}
ROUNDS = {"resnet20": 15, "mobilenet_v2": 9}
OURS_TOGETHER = {"every": 4, "one": 40}
"""Our trials per round, so that a round takes about as long as one trial of a peer, and, for single
faults, so that their places are many."""

SETTLED_SEED = 0


def main() -> None:
    """Measure the network of the command line."""
    import torch

    logging.disable()  # PyTorchFI sets a format that fails on every message of others
    torch.set_num_threads(1)
    torch.manual_seed(SETTLED_SEED)
    name = sys.argv[1]
    network, model = _network(name)
    side = int(SOURCES[name][1])
    inputs = torch.randn(BATCH[name], 3, side, side)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.onnx")
        path.write_bytes(model.SerializeToString())
        figures = {mode: _figures(name, mode, network, inputs, path) for mode in OURS_TOGETHER}
    print(json.dumps({"figures": figures, "packages": machine.versions()}))


def _network(name: str) -> tuple[nn.Module, onnx.ModelProto]:
    """A network in both forms, with the very same weights."""
    from exporters.torch import zoo
    from exporters.torch.torch_model import convert

    source, size = SOURCES[name]
    shape = (3, int(size), int(size))
    if source == RESNET20:
        place, _, factory = source.partition(":")
        network: nn.Module = getattr(importlib.import_module(place), factory)()
    else:
        zoo.import_torchvision()
        network = zoo.build_known(source.partition(":")[2], zoo.IMAGENET_CLASSES, SETTLED_SEED)
    zoo.settle_batchnorm(network, shape, SETTLED_SEED)
    return network, convert(network, shape, {})


def _figures(
    name: str, mode: str, network: nn.Module, inputs: torch.Tensor, model: Path
) -> dict[str, float]:
    """Images per second of each tool, and our ratio over each peer."""
    cache = "2G" if mode == "one" else "0"
    bench = open_bench(model, len(inputs), batches=2, cache=cache, kinds="weight")
    ours = Faulty(bench)
    trial = ours.everywhere if mode == "every" else ours.single
    works: dict[str, Work] = {
        "ours": lambda: sum(trial() for _ in range(OURS_TOGETHER[mode])),
    }
    layers = layers_of(network)
    if len(layers) != len(bench.space.tensors):
        raise RuntimeError(f"{len(layers)} layers, {len(bench.space.tensors)} weight tensors")
    for title, make in TOOLS.items():
        works[title] = _peer_work(make(network, inputs), mode, network, len(inputs))
    timed = in_turn(works, ROUNDS[name])
    return _summary(timed)


def _peer_work(peer: Peer, mode: str, network: nn.Module, images: int) -> Work:
    """One trial of a peer; that it flips as many bits as it should is checked beforehand."""
    rng = random.Random(1)
    layers = layers_of(network)
    weights = [layer.weight.numel() for layer in layers]

    def places() -> list[int]:
        if mode == "every":
            return list(range(len(layers)))
        return rng.choices(range(len(layers)), weights)

    for _ in range(3):
        wanted = places()
        peer.trial(wanted)
        found = flipped_bits(network, peer.network())
        if found != len(wanted):
            raise RuntimeError(f"{type(peer).__name__} flipped {found} bits, not {len(wanted)}")

    def work() -> int:
        peer.trial(places())
        return images

    return work


def _summary(timed: Timed) -> dict[str, float]:
    rates = {f"{title}_images_per_second": round(timed.rate(title), 2) for title in timed.seconds}
    return {**rates, **{title: timed.ratio("ours", title) for title in TOOLS}}


if __name__ == "__main__":
    main()
