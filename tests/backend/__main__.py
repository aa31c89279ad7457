"""``python -m tests.backend``: the whole backend suite of ONNX, and counts of how it ended."""

import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.backend.promise import broken
from tests.backend.suite import every_model
from tests.backend.walk import Step, walk

SHARDS = os.cpu_count() or 1


def shard(index: int) -> list[Step]:
    """The steps of every model whose number in the suite is ``index`` modulo `SHARDS`."""
    return list(walk(every_model()[index::SHARDS]))


def main() -> int:
    """Walk; print counts and all that is wrong."""
    models = {model.name: model for model in every_model()}
    with ProcessPoolExecutor(SHARDS, get_context("fork")) as pool:
        steps = [step for part in pool.map(shard, range(SHARDS)) for step in part]
    wrong = [f"{s.name}: {why}" for s in steps for why in broken(models[s.name], s)]
    slugs = Counter(s.refusals[-1].rsplit("[", 1)[1][:-1] for s in steps if s.refusals)
    print(f"{len(steps)} models: {dict(Counter(s.end for s in steps))}; refused: {dict(slugs)}")
    print(*wrong, f"{len(wrong)} broken promises", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
