"""CPU time of ClipAct's search: parts of the graph over whole runs, same patterns, same scores.

    python -m benchmarks.clipact MODEL.onnx --data train.npz --images 2000

Site by site the search runs as `relcheck harden --method clipact` runs it. Right behind it, so that
whatever else the machine does strikes both alike, some of the thresholds that it looked at are
scored the plain way: every image and every trial by a run of the whole hardened network on the same
live weights, fault-free images 32 at a time. Outcomes are compared one by one. From the time of one
threshold follows that of those which the search looked at, and that of all thresholds of the
paper's search, which never ends early: four, and two more for each further iteration.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analyzer.answers import Answer
from analyzer.evaluation.choose import Asked
from analyzer.jobs.data import find_data
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.requests.twins import HardenRequest
from analyzer.model import load_model
from exporters.hardening.activations.survey import survey
from exporters.hardening.bounds.calibrate import calibrate
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.clipact.image_batches import Batching
from exporters.hardening.clipact.score import LayerScorer, scaled
from exporters.hardening.clipact.search import Search, SearchRequest
from exporters.hardening.subject import inlined

TARGET = 10.0
HEAD = (
    f"{'activation':<30}{'points':>7}{'search s':>9}{'whole s':>9}{'ratio':>7}"
    f"{'all s':>9}{'ratio':>7}{'differ':>11}"
)


@dataclass(frozen=True)
class Row:
    """One site.

    Attributes:
        site: Its name.
        points: Thresholds that the search looked at.
        fast: CPU seconds of the search.
        slow: CPU seconds of scoring as many thresholds by whole runs.
        full: CPU seconds of scoring all thresholds of all iterations by whole runs.
        compared: Outcomes found both ways.
        differ: How many are not the same.
    """

    site: str
    points: int
    fast: float
    slow: float
    full: float
    compared: int
    differ: int

    def __str__(self) -> str:
        """One line of the table."""
        differ = f"{self.differ}/{self.compared:,}"
        ratios = (self.slow / self.fast, self.full / self.fast)
        return (
            f"{self.site[-29:]:<30}{self.points:>7}{self.fast:>9.2f}{self.slow:>9.1f}"
            f"{ratios[0]:>7.1f}{self.full:>9.1f}{ratios[1]:>7.1f}{differ:>11}"
        )


def open_search(model_path: Path, asked: HardenRequest, patterns: int) -> Search:
    """A search as the command opens it."""
    model = load_model(model_path)
    proto = inlined(model.proto)
    sites = survey(proto).sites
    data = find_data(model, asked)
    rows = Batching(model.signature.fixed_batch or 32, model.signature.fixed_batch, apart=True)
    inputs = {model.signature.name: data.inputs, **data.more}
    starts = range(0, len(data), rows.most)
    fed = (rows.feeds(inputs, range(i, min(i + rows.most, len(data)))) for i in starts)
    maxima = calibrate(proto, sites, CLIPPING, fed)
    request = SearchRequest(
        asked.rates,
        trials=patterns,
        seed=asked.seed,
        encoding=asked.encoding,
        asked=Asked(metric=asked.metric),
    )
    return Search(model, proto, sites, maxima, data, request)


def whole_outcomes(search: Search, scorer: LayerScorer, site: str, scale: float) -> np.ndarray:
    """Every unit of a layer by runs of the whole network: int8 (images + trials,)."""
    bench = search.context
    bench.graph.set_threshold(site, scaled(search.maxima[site], scale))
    found: list[np.ndarray] = []
    for block in range(len(bench.entry)):
        images = bench.entry.images(block)
        result = bench.graph.whole.run(bench.batching.feeds(search.inputs, images))
        assert isinstance(result, Answer)
        found.append(bench.reference.right(result, np.array(images)))
    for trial in scorer.trials:
        feeds = bench.batching.feeds(search.inputs, [trial.image])
        with bench.graph.executor.inject(trial.pattern):
            result = bench.graph.whole.run(feeds)
        image = np.array([trial.image])
        right = isinstance(result, Answer) and bench.reference.right(result, image)[0]
        found.append(np.array([right]))
    return np.concatenate(found).astype(np.int8)


def compare(search: Search, site: str, points: int) -> Row:
    """Search one site, and score some of its thresholds the plain way."""
    start = time.process_time()
    scorer, found = search.narrow(site)
    fast = time.process_time() - start
    known = {s for s in scorer.scales if scorer.bounds(s)[0] == scorer.bounds(s)[1]}
    chosen = [found.best, *sorted(known - {found.best})][:points]
    start = time.process_time()
    slow = [whole_outcomes(search, scorer, site, scale) for scale in chosen]
    seconds = (time.process_time() - start) / len(chosen)
    search.context.graph.set_threshold(site, scaled(search.maxima[site], found.best))
    pairs = [(a, scorer.outcomes(s)) for a, s in zip(slow, chosen, strict=True)]
    differ = sum(int(np.count_nonzero(a != b)) for a, b in pairs)
    compared, every = sum(len(a) for a, _ in pairs), 4 + 2 * (search.request.iterations - 1)
    return Row(site, found.scored, fast, seconds * found.scored, seconds * every, compared, differ)


def main() -> None:
    """Print one line for each site and the ratio of the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    for name in ("data", "images", "rates", "seed", "encoding", "mean", "std", "scale", "layout"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--patterns", type=int, default=2000)
    parser.add_argument("--points", type=int, default=1, help="thresholds scored the plain way")
    given = vars(parser.parse_args())
    model, patterns, points = given.pop("model"), given.pop("patterns"), given.pop("points")
    start = time.process_time()
    asked = ask(HardenRequest, given, model=model, method="clipact")
    search = open_search(model, asked, patterns)
    opened = time.process_time() - start
    print(HEAD, flush=True)
    rows = []
    for site in search.sites:
        if site.value not in search.opened.spaces:
            continue
        row = compare(search, site.value, points)
        rows.append(row)
        print(row, flush=True)
    total = Row(
        "all",
        sum(r.points for r in rows),
        sum(r.fast for r in rows),
        sum(r.slow for r in rows),
        sum(r.full for r in rows),
        sum(r.compared for r in rows),
        sum(r.differ for r in rows),
    )
    print(total)
    print(f"Opening and calibrating, in no column: {opened:.1f} s of CPU.")
    print(f"Over the thresholds that the search looked at: {total.slow / total.fast:.1f}")
    ratio = total.full / total.fast
    verdict = "ok" if ratio >= TARGET and not total.differ else "short"
    print(f"Over all thresholds of its iterations: {ratio:.1f}, target {TARGET:g}: {verdict}")


if __name__ == "__main__":
    main()
