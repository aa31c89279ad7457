"""What observers hear, in what order; and that nobody must listen."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.cli.terminal import Terminal
from analyzer.jobs.observer import CountStage, MapStage, Observer, Silent, Stage, SweepStage
from analyzer.stats.estimate import RateEstimate
from tests.campaign.variants import capped_cnn
from tests.support import tiny_cnn, tiny_data

QUICK: dict[str, Any] = {"precision": 0.1, "rates": [1e-3, 1e-2], "jobs": 0, "batch": 8}


class Diary(Silent):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.shares: dict[float, list[float]] = {}
        self.inside = 0
        self.reasons: list[str] = []
        self.steps: list[str] = []
        self.head = ""
        self.used: Callable[[], float] = lambda: -1.0

    def message(self, text: str) -> None:
        """Keep a message."""
        self.heard.append(text)

    def reason(self, text: str) -> None:
        """Keep a reason."""
        self.reasons.append(text)

    def budgeted(self, used: Callable[[], float]) -> None:
        """Keep the share of the budget at the begin, which must be told before all else."""
        assert self.steps == []
        self.used = used

    def preparing(self, what: str) -> None:
        """Keep a step of the preparation."""
        assert self.inside == 0
        self.steps.append(what)

    def began(self, head: str, beside: bool = False) -> None:
        """Keep the head, which must be told before the work."""
        assert (self.inside, self.shares, beside) == (0, {}, False)
        self.head = head

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Keep a stage, and count those that are open."""
        self.heard.append(stage)
        self.inside += 1
        yield
        self.inside -= 1

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Keep a share."""
        assert self.inside == 1
        assert trials > 0
        assert found is None or found.metric.low <= found.metric.high
        self.shares.setdefault(rate, []).append(share)

    def tensor(self, index: int, trials: int, share: float) -> None:
        """Keep a share."""
        assert self.inside == 1
        self.shares.setdefault(index, []).append(share)

    def step(self, index: int) -> None:
        """Keep a step."""
        assert self.inside == 1
        self.heard.append(index)

    def prepared(self) -> None:
        """Keep that the preparation is over."""
        self.heard.append("prepared")


@pytest.fixture
def diary() -> Diary:
    return Diary()


def test_a_sweep(model: Path, data: Path, diary: Diary) -> None:
    """Fails if a rate ends without its share being all, or progress is told outside the stage."""
    analyzer.run(model, data=data, observer=diary, **QUICK)
    assert diary.heard == ["prepared", SweepStage((1e-3, 1e-2), "top-1")]
    assert {rate: shares[-1] for rate, shares in diary.shares.items()} == {1e-3: 1.0, 1e-2: 1.0}
    assert diary.inside == 0


def test_a_sweep_tells_its_head_steps_and_reasons(model: Path, data: Path, diary: Diary) -> None:
    """Fails if the head is not the begin of the report, or comes after the work."""
    report = analyzer.run(model, data=data, observer=diary, **QUICK)
    assert diary.head.startswith("tiny.onnx: ")
    assert "fault-free top-1" in diary.head
    assert report.to_text().startswith(f"{diary.head}\n")
    assert diary.steps[:2] == ["reading the model", "reading the data"]
    assert "running the model without faults" in diary.steps
    assert any("by this route: in place" in reason for reason in diary.reasons)
    assert any(reason.startswith("live_weights in force") for reason in diary.reasons)
    assert 0.0 < diary.used() < 1.0


def test_a_map_tells_its_head(model: Path, data: Path, diary: Diary) -> None:
    found = analyzer.vulnerability_map(model, data=data, observer=diary, margin=0.3, jobs=0)
    assert diary.head.startswith("tiny.onnx: ")
    assert found.to_text().startswith(f"{diary.head}\n")


def test_a_map(model: Path, data: Path, diary: Diary) -> None:
    analyzer.vulnerability_map(model, data=data, observer=diary, margin=0.2, jobs=0)
    assert diary.heard == ["prepared", MapStage(4)]
    ends = {index: shares[-1] for index, shares in diary.shares.items()}
    assert ends == dict.fromkeys(range(4), 1.0)


def test_a_comparison(model: Path, data: Path, tmp_path: Path, diary: Diary) -> None:
    other = capped_cnn(tmp_path / "capped.onnx")
    found = analyzer.compare([model, other], data=data, observer=diary, **QUICK)
    assert found.to_text().startswith(f"{diary.head}\n")
    heard = [word for word in diary.heard if isinstance(word, str)]
    assert heard[:4] == ["prepared", "prepared", "1/2 tiny.onnx", "2/2 capped.onnx"]
    assert diary.head.count("tiny.onnx") == 1
    assert diary.head.splitlines()[-1].startswith("B  capped.onnx")


def test_counts(model: Path, data: Path, diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.jobs.before_after.LATENCY_SECONDS", 0.02)
    analyzer.harden(model, "actmax", data=data, batch=8, observer=diary)
    assert diary.heard == [
        "prepared",
        *(CountStage(3, "calibrating"), 0, 1, 2),
        *(CountStage(6, "comparing"), *range(6)),
    ]
    diary.heard.clear()
    analyzer.selftest(model, patterns=2, observer=diary)
    assert diary.heard == ["prepared", CountStage(2, "comparing"), 0, 1]


def test_a_device_is_told(model: Path, data: Path, diary: Diary) -> None:
    analyzer.run(model, data=data, device="cpu-bound", observer=diary, **QUICK)
    assert diary.heard[0].startswith("device: cpu-bound, CPUExecutionProvider")


def test_a_damaged_journal_is_told(model: Path, data: Path, tmp_path: Path, diary: Diary) -> None:
    journal = tmp_path / "run.db"
    analyzer.run(model, data=data, journal=journal, **QUICK)
    journal.write_bytes(journal.read_bytes()[:9000])
    analyzer.run(model, data=data, journal=journal, observer=diary, **QUICK)
    assert "was damaged: it is kept as run.db.damaged" in "".join(
        word for word in diary.heard if isinstance(word, str)
    )


def test_what_an_observer_raises_ends_the_job(model: Path, data: Path) -> None:
    class Impatient(Silent):
        def progress(
            self, rate: float, trials: int, share: float, found: RateEstimate | None
        ) -> None:
            raise TimeoutError("long enough")

    with pytest.raises(TimeoutError, match="long enough"):
        analyzer.run(model, data=data, observer=Impatient(), **QUICK)


@pytest.mark.parametrize("kind", [Silent, Terminal])
def test_observers_have_every_method(kind: type[Observer]) -> None:
    """With the same arguments: the protocol is checked by types where it is used, here by name."""
    wanted = {n: m for n, m in vars(Observer).items() if inspect.isfunction(m) and n[0] != "_"}
    assert len(wanted) == 14
    for name, method in wanted.items():
        own = inspect.signature(getattr(kind, name))
        assert list(own.parameters) == list(inspect.signature(method).parameters)


def test_no_watchdog_waits_for_a_silent_one(tmp_path: Path) -> None:
    """Each of its methods is called by some job, and none needs anything."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    for device in ("cpu", "cpu-rewrite"):
        assert analyzer.run(model, data=data, device=device, **QUICK).complete
