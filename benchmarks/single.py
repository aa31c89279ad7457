"""One uniform fault per trial: how many times as fast as a fault-free run of plain ONNX Runtime.

Partial re-execution at its defaults: golden values in a cache of 2 GiB, runs that begin at the last
kept cut before the fault and end where it is masked. The time that choosing cuts and taking golden
values costs once per campaign is left out here; `benchmarks.latency` has it.
"""

from dataclasses import dataclass

from benchmarks.models import CannotRun, Options, model_file
from benchmarks.rows import Found, Wanted
from benchmarks.throughput import Faulty, Plain, open_bench
from benchmarks.timing import in_turn

CACHE = "2G"


@dataclass(frozen=True, slots=True)
class Case:
    """One network.

    Attributes:
        network: Its name.
        batch: Images per run.
        batches: How many batches share the cache.
        faults: Trials that are timed together: their places differ, and so does what they cost.
        rounds: How often.
    """

    network: str
    batch: int
    batches: int
    faults: int
    rounds: int


CASES = (Case("resnet50", 4, 4, 60, 7), Case("mobilenet_v2", 8, 4, 100, 9))
PLAIN_RUNS = 4


def find(options: Options, wanted: Wanted) -> list[Found]:
    """A row per network."""
    names = {f"single-{case.network}": case for case in CASES}
    return [_row(name, case, options) for name, case in names.items() if name in wanted]


def _row(name: str, case: Case, options: Options) -> Found:
    try:
        model = model_file(case.network, options)
    except CannotRun as reason:
        return Found.missing(name, str(reason))
    bench = open_bench(model, case.batch, case.batches, CACHE)
    faulty, plain = Faulty(bench), Plain(model, bench)
    timed = in_turn(
        {
            "faulty": lambda: sum(faulty.single() for _ in range(case.faults)),
            "plain": lambda: sum(plain.run() for _ in range(PLAIN_RUNS)),
        },
        case.rounds,
    )
    details = {
        "batch": case.batch,
        "faulty_images_per_second": round(timed.rate("faulty"), 2),
        "plain_images_per_second": round(timed.rate("plain"), 2),
        "trials": case.faults * case.rounds,
    }
    return Found(name, timed.ratio("faulty", "plain"), details=details)
