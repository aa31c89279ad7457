"""The self-test that users run: it passes on shipped models, and fails on a broken engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from analyzer.answers import Answer, Feeds, Result, Run
from analyzer.errors import NotRestored
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.space import Indices
from analyzer.memory.array_file import Bytes
from analyzer.runtime import live
from analyzer.runtime.executor import Executor
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import open_live
from analyzer.runtime.weights import memory as arena
from analyzer.runtime.weights.address_book import AddressBook
from analyzer.verification import selftest
from analyzer.verification.selftest import SelfTest, run_selftest
from tests.runtime.benches import MODELS, SHIPPED, TrialContext, build_bench, context
from tests.runtime.zoo.registry import model
from tests.support import invoke, save

draw = selftest.test_patterns


def outcome(on: TrialContext, executor: Executor) -> SelfTest:
    drawn = draw(on.space, parse_fault("flip"), 40, 0)
    return run_selftest(executor, on.oracle, on.space, on.feeds, drawn, lambda _: None)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("encoding", ["stored", "q15.16"])
def test_shipped_models_pass(name: str, encoding: str) -> None:
    on = context(name, encoding)
    found = outcome(on, on.live)
    assert found.passed
    assert found.patterns == 40
    assert found.upsets > 40
    assert found.changed > 20
    assert found.golden_equal


@pytest.mark.parametrize("fault", ["flip", "burst:4", "stuck0"])
def test_every_tensor_is_visited_alone(fault: str) -> None:
    space = context("conv_blocked").space
    drawn = list(draw(space, parse_fault(fault), 4 * len(space.tensors), 0))
    alone = {space.locate(int(p.sites[0]))[0] for p in drawn if len(p) == 1}
    assert alone == set(range(len(space.tensors)))
    assert max(len(p) for p in drawn) > 50
    assert {str(p.fault) for p in drawn} == {fault}


def test_patterns_depend_on_the_seed_alone() -> None:
    space = context("conv_blocked").space

    def sites(seed: int) -> list[list[int]]:
        return [p.sites.tolist() for p in draw(space, parse_fault("flip"), 20, seed)]

    assert sites(3) == sites(3)
    assert sites(3) != sites(4)


def test_a_tiny_space_has_patterns_too() -> None:
    on = context("scalars")
    assert all(len(p) <= on.space.bits for p in draw(on.space, parse_fault("flip"), 60, 0))


def test_progress_counts_patterns() -> None:
    on, seen = context("gemm"), list[int]()
    drawn = draw(on.space, parse_fault("flip"), 5, 0)
    run_selftest(on.live, on.oracle, on.space, on.feeds, drawn, seen.append)
    assert seen == [0, 1, 2, 3, 4]


def opened(on: TrialContext) -> LiveExecutor:
    return open_live(on.model, on.space, on.feeds)


def off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    right = AddressBook.addresses

    def wrong(self: AddressBook, tensors: Indices, bits: Indices) -> tuple[Indices, Bytes]:
        addresses, masks = right(self, tensors, bits)
        return np.maximum(addresses - 4, 0), masks

    monkeypatch.setattr(AddressBook, "addresses", wrong)


def no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "write_upsets", lambda *_: None)


def wrong_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    right = arena.write_upsets
    monkeypatch.setattr(
        live, "write_upsets", lambda memory, kind, at, masks: right(memory, kind, at, masks ^ 1)
    )


SABOTAGE = [off_by_one, no_fault, wrong_bit]


@pytest.mark.parametrize("sabotage", SABOTAGE)
@pytest.mark.parametrize("name", ["conv_blocked", "digits_resnet_int8"])
def test_a_broken_engine_fails(
    monkeypatch: pytest.MonkeyPatch, name: str, sabotage: object
) -> None:
    assert callable(sabotage)
    sabotage(monkeypatch)
    on = context(name)
    found = outcome(on, opened(on))
    assert not found.passed
    assert found.golden_equal
    first = found.mismatches[0]
    pattern = list(draw(on.space, parse_fault("flip"), 40, 0))[first.index]
    assert first.upsets == len(pattern)
    assert first.tensors == tuple(on.space.tensors[m.tensor].name for m in on.space.masks(pattern))


def test_weights_that_stay_faulty_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    on = context("conv_blocked")
    monkeypatch.setattr(LiveExecutor, "restore", lambda *_: None)
    with pytest.raises(NotRestored):
        outcome(on, opened(on))


class Oblivious:
    """An executor that is right about faults and wrong about golden."""

    def __init__(self, inner: LiveExecutor) -> None:
        self._inner = inner

    def run(self, feeds: Feeds) -> Result:
        found = self._inner.run(feeds)
        assert isinstance(found, Answer)
        return Answer(tuple(-o for o in found.outputs))

    @contextmanager
    def inject(self, pattern: FaultPattern) -> Iterator[Run]:
        with self._inner.inject(pattern) as run:
            yield run

    def check_golden(self) -> None:
        self._inner.check_golden()


def test_golden_answers_that_differ_fail() -> None:
    on = context("gemm")
    found = outcome(on, Oblivious(on.live))
    assert not found.mismatches
    assert not found.golden_equal
    assert not found.passed


def test_failures_of_both_are_agreement_and_are_counted(tmp_path: Path) -> None:
    body = "a = Add (x, w) i = Cast <to = 7> (a) y = Gather <axis = 1> (x, i)"
    proto = model("float[6, 6] x", "float[6, 6, 6] y", body, {"w": np.zeros(6, np.float32)})
    on = build_bench(save(proto, tmp_path / "m.onnx"))
    found = outcome(on, on.live)
    assert found.passed
    assert 0 < found.failures < found.patterns


def selftest_of(name: str, *flags: str) -> tuple[int, str]:
    found = invoke("selftest", MODELS / f"{name}.onnx", "--patterns", "30", *flags)
    return found.code, found.out


@pytest.mark.parametrize("name", SHIPPED)
def test_the_command_says_pass(name: str) -> None:
    code, text = selftest_of(name)
    assert code == 0
    assert "PASS" in text
    assert "30 patterns" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    "flags", [("--fault", "burst:3"), ("--fault", "stuck1"), ("--encoding", "q15.16")]
)
def test_the_command_takes_faults_and_encodings(flags: tuple[str, str]) -> None:
    assert selftest_of("digits_resnet", *flags)[0] == 0


@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_the_command_exits_with_1_on_a_mismatch(
    monkeypatch: pytest.MonkeyPatch, sabotage: object
) -> None:
    assert callable(sabotage)
    sabotage(monkeypatch)
    code, text = selftest_of("digits_resnet")
    assert code == 1
    assert "FAIL" in text
    assert "differ" in text


def test_the_command_exits_with_4_on_weights_that_stay_faulty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LiveExecutor, "restore", lambda *_: None)
    assert selftest_of("digits_resnet")[0] == 4


@pytest.mark.shared
@pytest.mark.parametrize(
    "path",
    [
        "cifar10/resnet20-12fca82f.onnx",
        "cifar10/resnet8_mlperftiny_fp32.onnx",
        "cifar10/resnet8_mlperftiny_int8_qdq.onnx",
        "imagenet/mobilenet_v1_0.25_224_fp32.onnx",
        "imagenet/mobilenet_v1_0.25_224_quant_qdq.onnx",
    ],
)
def test_real_models_pass(path: str) -> None:
    file = Path(__file__).resolve().parents[3] / "shared" / "data" / path
    if not file.is_file():
        pytest.skip(f"needs {path} from the shared data")
    found = invoke("selftest", file, "--patterns", "30", "--batch", "1")
    assert found.code == 0, found.out + found.err
