"""The table of `make bench`: what is ok, what is short, and what became of the other rows."""

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

from analyzer.campaign.cells import Cell
from analyzer.errors import DeviceUnavailable
from analyzer.evaluation.outcome import Outcomes
from analyzer.stats.strata import Stratum, estimate_strata
from analyzer.stats.tally import Tally
from benchmarks import gpu, record
from benchmarks.__main__ import FINDERS, chosen
from benchmarks.machine import Others
from benchmarks.models import CannotRun, Options, model_file
from benchmarks.protocols import Sampled, mean_of
from benchmarks.rows import Found, Target, Verdict, exit_code, line, table, verdict
from benchmarks.targets import ALL, TARGETS
from benchmarks.timing import Timed
from tests.campaign.contexts import tiny_analysis
from tests.support import tiny_cnn, tiny_data

RATIO = Target("ratio", "a ratio", 0.97)
SECONDS = Target("start", "a time", 4.0, at_most=True, unit="s")


@pytest.mark.parametrize(
    ("target", "figure", "said"),
    [
        (RATIO, 0.97, Verdict.OK),
        (RATIO, 0.9699, Verdict.SHORT),
        (RATIO, float("nan"), Verdict.SHORT),
        (SECONDS, 4.0, Verdict.OK),
        (SECONDS, 4.001, Verdict.SHORT),
        (SECONDS, float("nan"), Verdict.SHORT),
        (RATIO, None, Verdict.NOT_RUN),
    ],
)
def test_verdict(target: Target, figure: float | None, said: Verdict) -> None:
    assert verdict(target, Found(target.name, figure)) is said


def test_line_has_name_figure_target_and_verdict() -> None:
    assert line(RATIO, Found("ratio", 0.9789)).split() == ["ratio", "0.979", ">=", "0.970", "ok"]
    assert line(SECONDS, Found("start", 16.1)).split() == [
        *("start", "16.1", "s", "<=", "4.00", "s", "short")
    ]


def test_row_that_cannot_run_stays_in_the_table_and_says_why() -> None:
    found = [Found.missing("start", "needs torch"), Found("ratio", 1.0)]
    lines = table([RATIO, SECONDS], found).splitlines()
    assert [text.split()[0] for text in lines] == ["name", "ratio", "start"]
    assert lines[-1].endswith("not run: needs torch")
    assert exit_code([RATIO, SECONDS], found) == 0


def test_one_short_row_is_enough_for_exit_code_1() -> None:
    found = [Found("ratio", 1.0), Found("start", 5.0)]
    assert exit_code([RATIO, SECONDS], found) == 1
    assert exit_code([RATIO, SECONDS], found[:1]) == 0


def test_unknown_row_is_an_error() -> None:
    with pytest.raises(KeyError, match="other"):
        table([RATIO], [Found("other", 1.0)])


def test_every_target_has_one_name_and_somebody_who_measures_it() -> None:
    assert len({target.name for target in ALL}) == len(ALL)
    assert FINDERS.keys() == TARGETS.keys()


def test_names_and_groups_can_be_chosen() -> None:
    assert chosen([]) == {target.name for target in ALL}
    assert chosen(["map", "start"]) == {"map", "start-resnet50"}
    assert chosen(["fp32-resnet20"]) == {"fp32-resnet20"}
    assert chosen(["map", "nonsense"]) == frozenset()


def test_rows_without_torch_and_data_say_so(tmp_path: Path) -> None:
    options = Options(
        kept=tmp_path, torch=tmp_path / "none" / "python", cifar_model=tmp_path / "none.onnx"
    )
    for network in ("resnet50", "resnet20", "resnet20-int8"):
        with pytest.raises(CannotRun, match="needs torch"):
            model_file(network, options)
    for benchmark in ("everywhere", "int8", "single", "peers", "sweep", "map", "start", "memory"):
        names = chosen([benchmark])
        found = FINDERS[benchmark](options, names)
        assert {f.name for f in found} == names
        assert all(f.figure is None and f.reason.startswith("needs") for f in found)


def test_rows_on_a_gpu_say_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resnet50.onnx").write_bytes(b"never read")
    options = Options(kept=tmp_path, device="cuda")
    names = chosen(["gpu"])

    def missing(word: str, _: object) -> None:
        raise DeviceUnavailable(f"--device {word} is not there")

    monkeypatch.setattr(gpu, "start_device", missing)
    found = FINDERS["gpu"](options, names)
    assert {f.name for f in found} == names
    assert {f.reason for f in found} == {"no cuda here (docs/devices.md)"}


def test_figures_of_the_cpu_are_no_gpu_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be kept as results, and judged."""
    model = tiny_cnn(tmp_path / "resnet50.onnx")
    monkeypatch.setattr(gpu, "_inputs", lambda images: nullcontext(tiny_data(tmp_path / "d.npz")))
    monkeypatch.setattr(gpu, "ROUNDS", 2)
    monkeypatch.setattr(gpu, "RATES", "1e-3")
    options = Options(kept=model.parent, device="cpu-bound", device_batches=(4, 6))
    found = FINDERS["gpu"](options, chosen(["gpu"]))
    assert {f.name for f in found} == chosen(["gpu"])
    assert all(f.figure is None for f in found)
    assert all(f.reason.startswith("cpu-bound is no GPU, on which it was ") for f in found)


def test_what_the_cpu_would_take_grows_with_the_trials(tmp_path: Path) -> None:
    context = tiny_analysis(tmp_path).context
    cell = Cell(1e-3, 0)
    few, many = (gpu._on_the_cpu(context, Counter({cell: n})) for n in (10, 10_000))
    assert many > 20 * few > 0


def test_results_of_one_row_replace_only_that_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    targets = {t.name: t for t in (RATIO, SECONDS)}
    record.keep("kind", [Found("ratio", 1.0), Found("start", 5.0)], targets, Others(0.0))
    record.keep("kind", [Found("start", 3.0), Found.missing("ratio", "x")], targets, Others(0.5))
    kept = json.loads((tmp_path / "kind.json").read_text("utf-8"))
    assert [kept[name]["figure"] for name in ("ratio", "start")] == [1.0, 3.0]
    assert [kept[name]["verdict"] for name in ("ratio", "start")] == ["ok", "ok"]
    assert [kept[name]["disturbed"] for name in ("ratio", "start")] == [False, True]
    assert {"date", "cpu", "cores", "packages"} <= kept["ratio"].keys()


def test_ratio_is_the_median_over_rounds() -> None:
    timed = Timed({"ours": [1.0, 1.0, 2.0], "theirs": [3.0, 5.0, 20.0]})
    assert timed.ratio("ours", "theirs") == 5.0
    assert timed.rate("theirs") == pytest.approx(0.2)


def test_moments_of_unstratified_trials_are_those_of_all_patterns_together() -> None:
    severe = [Outcomes(4, sdc=4), Outcomes(4, sdc=2)]
    mild = [Outcomes(4, sdc=1), Outcomes(4)]
    everything = [*severe, *mild, *mild, *[Outcomes(4)] * 2]  # weights 1/4, 1/2, and 1/4 unharmed
    for power in (1, 2):
        expected = sum((o.sdc / 4) ** power for o in everything) / len(everything)
        assert mean_of([0.25, 0.5], [severe, mild], lambda o: o.sdc, power) == expected


def test_expected_tally_judges_itself_like_a_real_one() -> None:
    trials = [Outcomes(4, sdc=2, masked=2, lost=2), Outcomes(4, masked=4, gained=1)] * 32
    real = Tally.of_trials(
        4, ((o.images, o.sdc, o.due, o.masked, o.lost, o.gained) for o in trials)
    )
    means = (0.25, 0.0, 0.75, 0.25, 0.125, -0.125)
    squares = (0.125, 0.0, 0.625, 0.125, 0.03125, 0.15625)
    expected = Sampled(4, means, squares, cpu_seconds=1.0).estimate(64, 0.9, 0.95)
    said = estimate_strata([Stratum(1.0, real)], 0.9, 0.95)
    for name in ("metric", "sdc", "due"):
        a, b = getattr(expected, name), getattr(said, name)
        assert (a.low, a.estimate, a.high) == pytest.approx((b.low, b.estimate, b.high))
