"""``make bench``: every target of the project with its figure; exit code 1 if one is short."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    clipped,
    events,
    gpu,
    latency,
    mapping,
    memory,
    peers,
    scaling,
    single,
    sweep,
    throughput,
)
from benchmarks.machine import Others, cores, cpu_name, watch
from benchmarks.models import CIFAR_MODEL, GPU, KEPT, TORCH_PYTHON, Options
from benchmarks.record import keep
from benchmarks.rows import Found, Wanted, exit_code, table
from benchmarks.targets import ALL, TARGETS

FINDERS: dict[str, Callable[[Options, Wanted], list[Found]]] = {
    "everywhere": throughput.find_float,
    "int8": throughput.find_int8,
    "single": single.find,
    "clipped": clipped.find,
    "peers": peers.find,
    "sweep": sweep.find,
    "map": mapping.find,
    "event": events.find,
    "start": latency.find,
    "memory": memory.find,
    "gpu": gpu.find,
    "scaling": scaling.find,
}
"""Benchmark -> what runs it; the same names as in `TARGETS`."""

PREPROCESSING = ("mean", "std", "scale")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, keep the figures, print the table; 1 if a target is missed."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.device and not asked.only:
        asked.only = ["gpu"]
    wanted = chosen(asked.only)
    if not wanted:
        known = ", ".join([*TARGETS, *(t.name for t in ALL)])
        parser.error(f"--only {' '.join(asked.only)}: use one or more of {known}")
    found: list[Found] = []
    disturbed: dict[str, Others] = {}
    for name, targets in TARGETS.items():
        here = wanted & {t.name for t in targets}
        if here:
            print(f"{name} ...", file=sys.stderr, flush=True)
            with watch() as others:
                rows = FINDERS[name](_options(asked), here)
            keep(name, rows, {t.name: t for t in targets}, others)
            found += rows
            if any(row.figure is not None for row in rows):
                disturbed[name] = others
    print(_about(disturbed), table(ALL, found), sep="\n\n")
    return exit_code(ALL, found)


def chosen(only: Sequence[str]) -> frozenset[str]:
    """Names of the targets that are meant; without any word, all; empty if a word means nothing.

    >>> sorted(chosen(["single", "map"]))
    ['map', 'single-mobilenet_v2', 'single-resnet50']
    """
    if not only:
        return frozenset(target.name for target in ALL)
    groups = {name: {t.name for t in targets} for name, targets in TARGETS.items()}
    meant = [groups.get(word) or {t.name for t in ALL if t.name == word} for word in only]
    return frozenset().union(*meant) if all(meant) else frozenset()


def _about(disturbed: dict[str, Others]) -> str:
    """Where this ran, and whether others disturbed it."""
    if not disturbed:
        return f"{cpu_name()}, {cores()} cores; nothing was measured"
    taken = [f"{name} {o.cores:.1f}" for name, o in disturbed.items() if o.disturbed]
    said = "no other process disturbed it"
    if taken:
        said = f"other processes took cores meanwhile ({', '.join(taken)})"
    return f"{cpu_name()}, {cores()} cores; {said}"


def _options(asked: argparse.Namespace) -> Options:
    given = {name: getattr(asked, f"cifar_{name}") for name in PREPROCESSING}
    first, second = asked.device_batches
    return Options(
        kept=asked.models,
        torch=asked.torch,
        cifar_model=asked.cifar_model,
        cifar_data=asked.cifar_data,
        device=asked.device or GPU,
        device_batches=(first, second),
        preprocessing={name: value for name, value in given.items() if value is not None},
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="rows or groups")
    parser.add_argument("--torch", type=Path, default=TORCH_PYTHON, help="a Python with torch")
    parser.add_argument("--models", type=Path, default=KEPT, help="where models are kept")
    parser.add_argument("--cifar-model", type=Path, default=CIFAR_MODEL, help="trained ResNet-20")
    parser.add_argument("--cifar-data", type=Path, help="CIFAR-10 test images, .npz")
    parser.add_argument("--device", help="rows of the group gpu, there (default cuda)")
    parser.add_argument(
        "--device-batches",
        nargs=2,
        type=int,
        metavar="N",
        default=[64, 256],
        help="images per run of these rows (default 64 256)",
    )
    for name in PREPROCESSING:
        parser.add_argument(f"--cifar-{name}", help="of these images, if the model does not say")
    return parser


if __name__ == "__main__":
    sys.exit(main())
