"""Campaigns on devices: the same patterns, the same figures, and journals that are kept apart.

The devices here are the CPU by other ways: through a device's memory, and through the file. A GPU
takes the first of them.
"""

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.answers import Answer, Failure, Feeds, Result, Run
from analyzer.campaign.workers.payload import map_payload
from analyzer.cli.process import isolation
from analyzer.errors import DeviceUnavailable
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.jobs import devices
from analyzer.jobs.observer import SILENT, Silent
from analyzer.jobs.pools import shipment_of
from analyzer.jobs.requests.campaigns import CampaignRequest
from analyzer.reports.selftest import two_devices_text
from analyzer.runtime.executor import Executor
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import CPU, NAMED
from analyzer.runtime.ort.device_selection import DeviceSelection
from analyzer.stats.tally import Moments
from analyzer.verification.selftest import test_patterns as draw
from analyzer.verification.two_devices import DeviceDifference, run_on_both
from tests.campaign.contexts import tiny_analysis
from tests.evaluation.judging import judge_of
from tests.runtime.benches import context
from tests.support import Run as Command
from tests.support import invoke, tiny_cnn, tiny_data

QUICK = ("--rates", "1e-3,1e-2", "--precision", "0.1", "--batch", "8")
WAYS = ["cpu-bound", "cpu-rewrite"]
WHERE = ["cpu-bound", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, its data, and the report and journal of a run on the CPU."""
    folder = tmp_path_factory.mktemp("place")
    tiny_cnn(folder / "tiny.onnx")
    tiny_data(folder / "tiny.npz")
    run = relcheck(folder, "--journal", folder / "cpu.db", "--json", folder / "cpu.json")
    assert run.code == 0, run.err
    return folder


def relcheck(folder: Path, *more: str | Path) -> Command:
    return invoke(folder / "tiny.onnx", "--data", folder / "tiny.npz", *QUICK, *more)


def report(path: Path) -> tuple[dict[str, Any], str]:
    """The figures of a report, and where they were computed."""
    found = json.loads(path.read_text("utf-8"))
    del found["run"]
    provider = found["tool"].pop("provider")
    return found, provider


# Whole campaigns


@pytest.mark.parametrize("jobs", ["0", "2"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same_report(way: str, jobs: str, place: Path, tmp_path: Path) -> None:
    """Fails if patterns depend on the device."""
    target = tmp_path / "found.json"
    run = relcheck(place, "--device", way, "--jobs", jobs, "--json", target)
    assert run.code == 0, run.err
    figures, provider = report(target)
    expected, usual = report(place / "cpu.json")
    assert figures == expected
    assert (usual, provider) == ("CPUExecutionProvider", f"CPUExecutionProvider, {way}")
    assert f"device: {way}, CPUExecutionProvider; faults are written in the" in run.err


def test_each_way_has_its_executor(tmp_path: Path) -> None:
    kinds = {w: type(tiny_analysis(tmp_path, device=w).executor) for w in WAYS}
    assert kinds == {"cpu-bound": LiveExecutor, "cpu-rewrite": RewriteExecutor}


@pytest.mark.parametrize("way", ["cpu", *WAYS])
def test_an_executor_that_gave_back_its_memory_names_its_accelerations(
    way: str, tmp_path: Path
) -> None:
    executor = tiny_analysis(tmp_path, device=way).executor
    before = [(a.name, a.reason) for a in executor.accelerations]
    for _ in range(2):  # Campaigns on one analysis, one after the other, each give it back.
        executor.release()
        assert [(a.name, a.reason) for a in executor.accelerations] == before != []


@pytest.mark.parametrize("way", WAYS)
def test_workers_hear_of_the_device(way: str, tmp_path: Path) -> None:
    """Fails without the device in `WorkerPayload.of`: the figures would be those of the CPU."""
    analysis = tiny_analysis(tmp_path, device=way)
    with shipment_of(analysis, CampaignRequest()) as path:
        executor = map_payload(path).unpack().executor
    assert type(executor) is type(analysis.executor)


def test_a_journal_of_another_device_is_refused(place: Path, tmp_path: Path) -> None:
    """Fails without the device in `identity_of`: blocks of two arithmetics would be mixed."""
    journal = shutil.copy(place / "cpu.db", tmp_path / "run.db")
    run = relcheck(place, "--device", "cpu-bound", "--journal", journal)
    assert run.code == 2
    assert "versions device: the journal has 'cpu', this run 'cpu-bound'" in run.err


def test_a_campaign_goes_on_where_it_began(place: Path, tmp_path: Path) -> None:
    """Fails if `resume` forgets the device."""
    journal, target = tmp_path / "run.db", tmp_path / "again.json"
    assert relcheck(place, "--device", "cpu-bound", "--journal", journal).code == 0
    assert invoke("resume", journal, "--json", target).code == 0
    assert report(target)[1] == "CPUExecutionProvider, cpu-bound"


def test_the_other_commands_take_a_device(place: Path, tmp_path: Path) -> None:
    common = ("--data", place / "tiny.npz", "--device", "cpu-bound", "--journal", "none")
    whole = tmp_path / "map.json"
    mapped = invoke(
        *("map", place / "tiny.onnx", *common, "--budget", "20s", "--margin", "0.2"),
        *("--json", whole),
    )
    assert mapped.code == 0, mapped.err
    assert json.loads(whole.read_text())["tool"]["provider"].endswith(", cpu-bound")
    other = tmp_path / "other.onnx"
    tiny_cnn(other, seed=1)
    compared = tmp_path / "compared.json"
    found = invoke(
        *("compare", place / "tiny.onnx", other, *common, "--rates", "1e-3"),
        *("--precision", "0.2", "--json", compared),
    )
    assert found.code == 0, found.err
    assert json.loads(compared.read_text())["tool"]["provider"].endswith(", cpu-bound")


@pytest.mark.parametrize("way", WAYS)
def test_inspect_shows_how_weights_are_reached_there(way: str, place: Path) -> None:
    run = invoke("inspect", place / "tiny.onnx", "--device", way)
    assert run.code == 0, run.err
    assert ("in place" in run.out) == (way == "cpu-bound")
    assert ("may keep a weight of its own" in run.out) == (way == "cpu-rewrite")


# Picking


class Listener(Silent):
    """An observer that keeps messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        """Keep a message."""
        self.messages.append(text)


def test_auto_becomes_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if a journal remembers `auto`: resumed elsewhere, it would be another campaign."""
    monkeypatch.setattr(devices, "select_device", lambda *_: DeviceSelection(CPU, "no GPU today"))
    listener = Listener()
    device = devices.start_device("auto", listener)
    assert devices.on_device(CampaignRequest(device="auto"), device) == CampaignRequest()
    assert listener.messages == ["device: cpu, CPUExecutionProvider: no GPU today"]


def test_one_process_uses_a_card_unless_more_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        devices, "select_device", lambda *_: DeviceSelection(NAMED["cuda"], "it is there")
    )
    device = devices.start_device("auto", SILENT)
    alone = devices.on_device(CampaignRequest(device="auto"), device)
    assert (alone.device, alone.jobs, alone.worker_count) == ("cuda", 1, 1)
    assert devices.on_device(CampaignRequest(device="cuda", jobs=3), device).jobs == 3


def test_a_plain_run_says_nothing_of_devices() -> None:
    request, listener = CampaignRequest(), Listener()
    assert devices.on_device(request, devices.start_device("cpu", listener)) is request
    assert listener.messages == []


def test_a_missing_device_is_a_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise DeviceUnavailable("--device cuda needs CUDAExecutionProvider")

    monkeypatch.setattr(devices, "select_device", missing)
    run = relcheck(place, "--device", "cuda")
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith("[device-unavailable]\n")


def test_address_space_is_given_back_to_what_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA reserves more than a machine has; the guard's limit would keep it from starting."""
    limits = {resource.RLIMIT_AS: (1 << 33, 1 << 50)}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits[kind])
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: limits.update({kind: pair}))
    isolation.lift_address_limit()
    assert limits == {resource.RLIMIT_AS: (1 << 50, 1 << 50)}


# The same patterns on two devices


class Off:
    """An executor whose answers to faults are another device's: scaled, flipped, or none."""

    def __init__(self, inner: Executor, every: int, deed: str) -> None:
        self._inner, self._every, self._deed, self._seen = inner, every, deed, 0

    def run(self, feeds: Feeds) -> Result:
        """Golden, in other last bits."""
        return self._scaled(self._inner.run(feeds))

    def check_golden(self) -> None:
        """Nothing to compare."""

    @contextmanager
    def inject(self, pattern: FaultPattern) -> Iterator[Run]:
        """Under each pattern as told, under every so many something else."""
        self._seen += 1
        other = self._seen % self._every == 0
        with self._inner.inject(pattern) as run:
            yield lambda feeds: self._changed(run(feeds)) if other else self._scaled(run(feeds))

    def _changed(self, result: Result) -> Result:
        return Failure("of this device") if self._deed == "fail" else result

    @staticmethod
    def _scaled(result: Result) -> Result:
        if isinstance(result, Failure):
            return result
        return Answer(tuple(np.asarray(o * np.float32(1 + 1e-6), o.dtype) for o in result.outputs))


def apart(other: Executor | None = None, count: int = 60) -> DeviceDifference:
    on = context("digits_resnet")
    drawn = draw(on.space, parse_fault("flip"), count, 0)
    assert isinstance(on.golden, Answer)
    asked = judge_of(on.golden.outputs, 2).definition
    return run_on_both(other or on.live, on.live, on.feeds, asked, 2, drawn, lambda _: None)


@pytest.mark.parametrize("device", WHERE)
def test_devices_are_compared_pattern_by_pattern(device: str) -> None:
    on = context("digits_resnet", device=device)
    found = apart(on.live)
    assert found.patterns == 60
    assert found.golden_spread < 1e-4
    if device == "cpu-bound":
        assert (found.same_bits, found.other_outcomes, found.golden_spread) == (60, 0, 0.0)
    assert found.share(0.95).low <= found.share(0.95).estimate <= found.share(0.95).high


def test_low_bits_are_told_apart_from_outcomes() -> None:
    """Fails if an answer that differs in its last bits counts as another outcome."""
    found = apart(Off(context("digits_resnet").live, 1000, "scale"))
    assert found.other_outcomes == 0
    assert found.same_outcomes > 40
    assert 0 < found.golden_spread < 1e-5
    assert found.share(0.95).estimate == 0.0
    assert found.share(0.95).high == pytest.approx(1 - 0.05 ** (1 / 60))


def test_other_outcomes_are_counted_image_by_image() -> None:
    on = context("digits_resnet")
    found = apart(Off(on.live, 6, "fail"))
    assert 8 <= found.other_outcomes <= 10  # of ten, but for patterns that are DUE anyway
    assert found.differing == Moments(2 * found.other_outcomes, 4 * found.other_outcomes)
    assert found.share(0.95).estimate == pytest.approx(found.other_outcomes / 60)
    assert found.patterns == found.same_bits + found.same_outcomes + found.other_outcomes


def test_classes_are_those_that_are_counted() -> None:
    """`Judge.classes` says image by image what `Judge.outcomes` counts."""
    on = context("digits_resnet")
    assert isinstance(on.golden, Answer)
    judge = judge_of(on.golden.outputs, 2)
    golden = judge.golden(on.golden, None, 2)
    seen = set()
    for pattern in draw(on.space, parse_fault("flip"), 200, 1):
        with on.live.inject(pattern) as run:
            result = run(on.feeds)
        classes, counted = judge.classes(golden, result), judge.outcomes(golden, result, None)
        counts = [int(np.count_nonzero(classes == c)) for c in range(3)]
        assert counts == [counted.masked, counted.sdc, counted.due]
        seen |= set(classes.tolist())
    assert {0, 1} <= seen
    assert judge.classes(golden, Failure("of the model")).tolist() == [2, 2]


def test_what_was_found_is_said() -> None:
    lines = two_devices_text(
        DeviceDifference(200, 4, 150, 48, Moments(3, 5), 3.2e-7), "cuda (NVIDIA Card)"
    )
    assert max(map(len, lines.splitlines())) <= 80
    text = " ".join(lines.split())
    assert "cuda (NVIDIA Card) against cpu, the same 200 patterns on 4 images each" in text
    assert "150 answers bit-identical, 48 differ with the same outcome of every image" in text
    assert "2 with another; fault-free answers up to 3.2e-07 of their range apart" in text
    assert "with another outcome: 0.4 % (95 % interval" in text
    none = two_devices_text(DeviceDifference(200, 4, 200, 0, Moments(), 0.0), "cuda")
    assert "another outcome: ≤ 1.5 %" in none
    assert "fault-free answers bit-identical" in none


@pytest.mark.parametrize("device", [*WHERE, "cpu-rewrite"])
def test_the_self_test_compares_there_and_with_the_cpu(device: str, place: Path) -> None:
    run = invoke("selftest", place / "tiny.onnx", "--device", device, "--patterns", "40")
    compared = device != "cpu-rewrite"  # which is the oracle itself
    assert run.code == (0 if compared else 3), run.out + run.err
    assert f"seed 0, {device}" in run.out
    assert ("agree bit for bit" if compared else "NOTHING COMPARED") in run.out
    assert f"{device} against cpu, the same 40 patterns" in run.out or device == "cuda"


def test_on_the_cpu_the_self_test_compares_no_devices(place: Path) -> None:
    run = invoke("selftest", place / "tiny.onnx", "--patterns", "10")
    assert "against cpu" not in run.out


def test_known_answers_alone_are_of_the_cpu() -> None:
    run = invoke("selftest", "--known-answers-only", "--device", "cpu-bound")
    assert run.code == 2
    assert "runs on the cpu" in run.err
