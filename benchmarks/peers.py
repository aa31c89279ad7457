"""Images per second over PyTorchFI 0.6.0 and MRFI 2.1.0, the published packages, side by side.

`benchmarks.peer_side` does it, in an interpreter that has torch and both packages
(``benchmarks/peers.txt``); here it is started and read.
"""

import json
from typing import Any

from benchmarks.models import CannotRun, Options, with_torch
from benchmarks.peer_side import BATCH
from benchmarks.rows import Found, Wanted
from benchmarks.targets import PEERS, TARGETS


def find(options: Options, wanted: Wanted) -> list[Found]:
    """A row per network, peer, and kind of faults; a network is measured as a whole."""
    found: list[Found] = []
    for network in BATCH:
        names = [t.name for t in TARGETS["peers"] if f"-{network}-" in t.name]
        if wanted.isdisjoint(names):
            continue
        try:
            check_packages(options)
            told = json.loads(with_torch(options, ["-m", "benchmarks.peer_side", network]))
        except CannotRun as reason:
            found += [Found.missing(name, str(reason)) for name in names]
            continue
        found += _rows(network, told)
    return found


def check_packages(options: Options) -> None:
    """Refuse to begin without the peers.

    Raises:
        CannotRun: A package is missing, or there is no torch.
    """
    names = ", ".join(f"{name!r}" for name in PEERS)
    code = f"import importlib.util as u; print(*[n for n in ({names}) if not u.find_spec(n)])"
    missing = with_torch(options, ["-c", code]).split()
    if missing:
        raise CannotRun(f"needs {' and '.join(PEERS[name] for name in missing)} beside torch")


def _rows(network: str, told: dict[str, Any]) -> list[Found]:
    rows = []
    for mode, measured in told["figures"].items():
        rates = {k: v for k, v in measured.items() if k not in PEERS}
        details = {"batch": BATCH[network], **rates}
        rows += [
            Found(f"{mode}-{network}-{p}", measured[p], "", details, told["packages"])
            for p in PEERS
        ]
    return rows
