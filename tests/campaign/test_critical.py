"""Critical silent corruption: exact where everything is counted, additive, kept in journals."""

from pathlib import Path

import numpy as np
import pytest

from analyzer.answers import Answer
from analyzer.campaign.blocks import BlockResult
from analyzer.campaign.maps.run import run_map
from analyzer.campaign.result import CampaignResult
from analyzer.faults.models import FaultPattern
from analyzer.jobs.analysis import Analysis
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.stats.intervals import Interval
from tests.campaign.contexts import AtOnce, Charges, Memory, Results, run, tiny_analysis
from tests.campaign.maps import Direct, ignore_progress, known, small_analysis
from tests.support import invoke

TABLE = "0,*\n*,2\n0,1,non-critical\n"
"""From class 0 to any other but 1, and from any other to 2."""


def is_critical(golden: int, faulty: int) -> bool:
    """The same table, written down once more."""
    return golden != faulty and ((golden == 0 and faulty != 1) or faulty == 2)


def with_table(folder: Path) -> Path:
    """The file of the table."""
    path = folder / "severity.csv"
    path.write_text(TABLE, "utf-8")
    return path


def test_an_enumerated_map_knows_critical_corruption_exactly(tmp_path: Path) -> None:
    """Every flip of the last bias on every image, run by the oracle and judged here by hand."""
    analysis = small_analysis(tmp_path, include=["fc_b"], severity=with_table(tmp_path))
    context = analysis.context
    oracle = RewriteExecutor(analysis.model, analysis.space)
    hits = images = 0
    for batch in context.golden.batches:
        feeds = batch.feeds(context.golden.input_name)
        golden = oracle.run(feeds)
        assert isinstance(golden, Answer)
        before = golden.outputs[0][: batch.images].argmax(axis=1)
        for site in range(analysis.space.bits):
            pattern = FaultPattern(context.plan.fault, np.array([site], np.int64))
            with oracle.inject(pattern) as faulty_run:
                faulty = faulty_run(feeds)
            assert isinstance(faulty, Answer)
            rows = faulty.outputs[0][: batch.images]
            announced = ~np.isfinite(rows).all(axis=1)
            after = rows.argmax(axis=1)
            pairs = zip(before.tolist(), after.tolist(), announced.tolist(), strict=True)
            hits += sum(is_critical(g, f) and not due for g, f, due in pairs)
            images += batch.images
    (tensor,) = run_map(context, Direct(context), Memory(), Charges(), ignore_progress, True)
    found = known(tensor.estimate).critical_sdc
    assert hits > 0
    assert found == Interval(hits / images, hits / images, hits / images)


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A campaign with a table of critical confusions."""
    folder = tmp_path_factory.mktemp("critical")
    return tiny_analysis(folder, severity=with_table(folder))


@pytest.fixture(scope="module")
def found(analysis: Analysis) -> CampaignResult:
    """What that campaign found."""
    return run(analysis.context, AtOnce(Results(analysis.context)))


def test_critical_and_other_corruption_add_up(found: CampaignResult) -> None:
    for rate in found.rates:
        assert rate.estimate is not None
        critical, other = rate.estimate.critical_sdc, rate.estimate.noncritical_sdc
        assert critical is not None
        assert other is not None
        total = critical.estimate + other.estimate
        assert total == pytest.approx(rate.estimate.sdc.estimate, rel=1e-12)
        assert 0.0 < critical.estimate < rate.estimate.sdc.estimate
        for part in (critical, other):
            assert part.low <= part.estimate <= part.high
            assert part.high <= rate.estimate.sdc.high + 0.05


def test_critical_images_are_in_the_journal_and_come_back(analysis: Analysis) -> None:
    results = Results(analysis.context)
    run(analysis.context, AtOnce(results))
    blocks = list(results._found.values())
    assert any(o.critical for result in blocks for o in result.outcomes)
    for result in blocks:
        back = BlockResult.from_json(result.to_json())
        assert (back.block, back.outcomes) == (result.block, result.outcomes)


def test_without_a_table_nothing_is_told(tmp_path: Path) -> None:
    context = tiny_analysis(tmp_path).context
    results = Results(context)
    for rate in run(context, AtOnce(results)).rates:
        assert rate.tally.critical is None
        assert rate.estimate is not None
        assert rate.estimate.critical_sdc is None
    assert not any("critical" in result.to_json() for result in results._found.values())


def test_a_gate_on_critical_corruption_in_every_form(
    model: Path, data: Path, tmp_path: Path
) -> None:
    names = ("json", "html", "csv", "junit", "markdown")
    files = {name: tmp_path / f"report.{name}" for name in names}
    forms = [word for name, path in files.items() for word in ("--format", f"{name}={path}")]
    asked: list[str | Path] = [
        model,
        "--data",
        data,
        "--rates",
        "1e-2",
        "--severity",
        with_table(tmp_path),
        *forms,
    ]
    passed = invoke(*asked, "--gate", "critical_sdc <= 0.99 @ 1e-2")
    assert passed.code == 0, passed.err
    assert "Critical SDC, by severity.csv, 3 rows, 2 of them critical:" in passed.out
    texts = {name: path.read_text("utf-8") for name, path in files.items()}
    assert "critical_sdc,critical_sdc_low" in texts["csv"]
    assert "critical SDC at bit error rate 1e-2" in texts["junit"]
    assert "critical SDC %" in texts["markdown"]
    assert "Critical silent corruption" in texts["html"]
    failed = invoke(*asked, "--gate", "critical_sdc <= 1e-9 @ 1e-2")
    assert failed.code == 1, failed.err
