"""``make bench``: every ratio with its target; exit code 1 if one is short."""

import sys

from analyzer.cli.embedded import embedded_model
from benchmarks import scaling, sweep
from benchmarks.throughput import CASES, measure

ROW = "{:<26}{:>6}{:>14}{:>13}{:>7}{:>8}  {}"


def main() -> int:
    """Run every case; 1 if one misses its target."""
    print("Whole trials (draw, flip, run, judge, restore) against a plain ONNX Runtime session,")
    print("same model and batch, one thread, taken in turn; medians of pairwise ratios.\n")
    head = (
        f"{'case':<28}{'batch':>6}{'faulty img/s':>14}{'plain img/s':>13}{'ratio':>7}{'target':>8}"
    )
    print(head)
    short = False
    for case in CASES:
        found = measure(case)
        target = "" if case.target is None else f"{case.target:.2f}"
        figures = (f"{found.faulty:,.0f}", f"{found.plain:,.0f}", f"{found.ratio:.2f}")
        print(ROW.format(case.name, case.batch, *figures, target, found.verdict).rstrip())
        short |= found.verdict == "short"
    print("\nCPU time of the sweep 1e-7..1e-3 on the demonstration model to +-1 point:")
    print(sweep.show(*sweep.compare(embedded_model(), rates="1e-7..1e-3")))
    print("\nBlocks per second of two worker processes over one, in steady state, with journal:")
    scaled = scaling.measure()
    print(scaling.show(scaled))
    return int(short or scaled.verdict == "short")


if __name__ == "__main__":
    sys.exit(main())
