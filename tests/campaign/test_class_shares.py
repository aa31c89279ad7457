"""Silent corruption by class in sweeps: against sums made by hand, trial by trial."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analyzer.campaign.cells import Cell
from analyzer.campaign.class_shares import (
    CellTrials,
    ImageClasses,
    class_shares,
    image_classes,
)
from analyzer.campaign.result import RateResult
from analyzer.campaign.runner import run_campaign
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.class_harm import ClassHarm
from analyzer.evaluation.outcomes import Outcomes
from analyzer.jobs.observer import SILENT
from analyzer.jobs.prepare import prepare_sweep
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.settings import ask
from analyzer.stats.domains import DomainStratum, DomainTally, domain_share
from tests.campaign.contexts import Charges, Memory
from tests.campaign.maps import IMAGES, SIZE, Direct
from tests.stats.test_domains import tally
from tests.support import golden_labels, save, tiny_cnn_proto, tiny_images

RATE = 2e-4


def small(folder: Path, **flags: object) -> TrialContext:
    """A sweep of the small network of `tests.campaign.maps` at one rate."""
    proto, images = tiny_cnn_proto(size=SIZE), tiny_images(IMAGES, SIZE)
    model = save(proto, folder / "small.onnx")
    np.savez(folder / "small.npz", images=images, labels=golden_labels(proto, images))
    asked = {"data": folder / "small.npz", "batch": 3, "rates": (RATE,), "precision": 0.05, **flags}
    return prepare_sweep(ask(SweepRequest, asked, model=model)).context


def swept(context: TrialContext) -> RateResult:
    """The sweep, to its end."""
    found = run_campaign(context, Direct(context), Memory(), Charges(), SILENT)
    return found.at(RATE)


def by_hand(context: TrialContext, cell: Cell, trials: int) -> Iterator[tuple[dict[int, int], ...]]:
    """Of each trial the images of each class, and those with another decision; run once more."""
    golden = context.golden
    for index in range(trials):
        batches, pattern = cell.draw(context.patterns, golden.ends, index)
        met: dict[int, int] = {}
        struck: dict[int, int] = {}
        with context.executor.inject(pattern) as run:
            for number in batches:
                batch = golden.batches[number]
                result = run(batch.feeds(golden.input_name))
                marks = golden.judge.classes(golden.by_batch[number], result)
                assert batch.labels is not None
                for label, mark in zip(batch.labels.tolist(), marks.tolist(), strict=True):
                    met[label] = met.get(label, 0) + 1
                    struck[label] = struck.get(label, 0) + (mark == 1)
        yield met, struck


@pytest.mark.parametrize("flags", [{}, {"exposure": "resident"}, {"batch": 1}], ids=str)
def test_figures_are_those_of_sums_by_hand(tmp_path: Path, flags: dict[str, object]) -> None:
    context = small(tmp_path, **flags)
    found = swept(context)
    assert found.classes is not None
    strata: dict[int, list[DomainStratum]] = {c.number: [] for c in found.classes.classes}
    for place, stratum in enumerate(found.strata):
        rows = list(by_hand(context, Cell(RATE, place), stratum.tally.trials))
        for number, own in strata.items():
            pairs = [(m[number], s[number]) for m, s in rows if number in m]
            sums = tally([m for m, _ in pairs], [x for _, x in pairs])
            own.append(DomainStratum(stratum.weight, sums))
    harmless = 1.0 - found.p_faulty
    assert harmless > 0.1
    for one in found.classes.classes:
        assert one.trials == sum(own.tally.trials for own in strata[one.number])
        unharmed = DomainStratum(harmless, DomainTally(1, 1, 1), counted=True)
        expected = domain_share([*strata[one.number], unharmed], found.classes.confidence, 0.05)
        if one.sdc is None or expected is None:
            assert one.sdc is expected
            continue
        ends = (one.sdc.estimate, one.sdc.low, one.sdc.high)
        right = (expected.estimate, expected.low, expected.high)
        assert ends == pytest.approx(right, abs=1e-12)
    assert max(c.sdc.estimate for c in found.classes.classes if c.sdc) > 0.01


def test_classes_make_up_the_whole_where_each_trial_meets_all_images(tmp_path: Path) -> None:
    found = swept(small(tmp_path, exposure="resident"))
    assert found.estimate is not None
    assert found.classes is not None
    parts = [c.images / IMAGES * c.sdc.estimate for c in found.classes.classes if c.sdc]
    assert sum(c.images for c in found.classes.classes) == IMAGES
    assert sum(parts) == pytest.approx(found.estimate.sdc.estimate, abs=1e-12)


def test_golden_decisions_stand_in_for_labels(tmp_path: Path) -> None:
    small(tmp_path)
    np.savez(tmp_path / "bare.npz", images=np.load(tmp_path / "small.npz")["images"])
    bare = small(tmp_path, data=tmp_path / "bare.npz", metric="agreement")
    told, executor, golden = image_classes(bare.golden), bare.executor, bare.golden
    answers = (executor.run(batch.feeds(golden.input_name)) for batch in golden.batches)
    pairs = zip(answers, golden.batches, strict=True)
    chosen = [told.chosen for run, b in pairs for told in golden.judge.told(run, b.images) if told]
    assert told is not None
    assert told.images == {number: chosen.count(number) for number in sorted(set(chosen))}
    found = swept(bare).classes
    assert found is not None
    assert [c.number for c in found.classes] == sorted(set(chosen))


def test_one_class_is_no_figure_by_class(tmp_path: Path) -> None:
    context = small(tmp_path)
    proto, images = tiny_cnn_proto(size=SIZE), tiny_images(IMAGES, SIZE)
    labels = np.full(IMAGES, golden_labels(proto, images)[0])
    np.savez(tmp_path / "one.npz", images=images, labels=labels)
    alone = small(tmp_path, data=tmp_path / "one.npz")
    assert image_classes(alone.golden) is None
    assert image_classes(context.golden) is not None


def test_critical_corruption_is_told_apart_and_images_of_no_class_are_left_out() -> None:
    classes = ImageClasses((0, 7), ({0: 1, 7: 1},))
    harmed = Outcomes(3, sdc=3, critical=1, by_class=(ClassHarm(-1, 1, 0), ClassHarm(7, 1, 1)))
    cells = [CellTrials(1.0, [harmed, Outcomes(3, masked=3)], [0, 0], counted=True)]
    found = class_shares(classes, cells, 0.95, 0.0, told=True)
    zero, seven = found.classes
    assert zero.sdc is not None
    assert zero.sdc.estimate == 0.0
    assert seven.sdc == seven.critical
    assert seven.critical is not None
    assert seven.critical.estimate == 0.5
    assert found.confidence == pytest.approx(1.0 - 0.05 / 4)


def test_patterns_without_upset_harm_nobody() -> None:
    classes = ImageClasses((0, 1), ({0: 1, 1: 1},))
    both = (ClassHarm(0, 1, 0), ClassHarm(1, 1, 0))
    cells = [CellTrials(0.25, [Outcomes(2, sdc=2, by_class=both)] * 40, [0] * 40)]
    found = class_shares(classes, cells, 0.95, 0.0, told=False, harmless=0.75)
    for one in found.classes:
        assert one.sdc is not None
        assert one.sdc.estimate == one.sdc.high == 0.25
        assert 0.2 < one.sdc.low < 0.25
