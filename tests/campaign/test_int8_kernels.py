"""Kernels that saturate: found by a known sum, compared by decisions, and named in reports."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.answers import Answer, Feeds, Result, Run
from analyzer.evaluation.dataset import Batch
from analyzer.evaluation.metrics import metric_named
from analyzer.graph.rows import multiplies_integers
from analyzer.jobs import notes
from analyzer.reports.shared.int8_sentence import int8_sentence
from analyzer.runtime.ort import int8_sums as sums
from analyzer.runtime.ort.device import CPU
from analyzer.runtime.ort.int8_sums import Int8Sums, int8_sums, processor_name
from analyzer.runtime.ort.session import session_options
from analyzer.verification.int8_paths import KernelDifference, kernel_difference
from tests.evaluation.judging import judge_of
from tests.runtime.benches import MODELS, context
from tests.support import invoke

PRECISE = replace(CPU, precise_int8=True)


def answering(*classes: int) -> Run:
    """A way to run that answers these classes."""
    scores = np.eye(3, dtype=np.float32)[list(classes)]

    def run(_: Feeds) -> Result:
        return Answer((scores,))

    return run


def batch(*labels: int) -> list[Batch]:
    return [Batch(np.zeros((len(labels), 2), np.float32), np.array(labels), len(labels))]


def test_right_answers_and_decisions_are_counted() -> None:
    judge = judge_of([np.eye(4, 3)], 4, metric_named("top1"))
    one, other = answering(0, 1, 2, 0), answering(0, 2, 1, 0)
    found = kernel_difference(judge, one, other, batch(0, 1, 1, 2), "x")
    assert found == KernelDifference(4, (0.5, 0.5), (1, 1), 2)


def test_without_labels_decisions_alone_count() -> None:
    judge = judge_of([np.eye(2, 3)], 2)
    found = kernel_difference(judge, answering(0, 1), answering(0, 2), batch(0, 0), "x")
    assert found == KernelDifference(2, (1.0, 0.5), (0, 0), 1)


@pytest.mark.parametrize(
    ("only", "other", "beyond"),
    [
        ((0, 0), 0, False),
        ((3, 4), 2, False),
        ((0, 9), 2, True),
        ((9, 0), 2, True),
        ((0, 0), 3, True),
    ],
)
def test_a_warning_is_for_what_noise_does_not_explain(
    only: tuple[int, int], other: int, beyond: bool
) -> None:
    assert KernelDifference(100, (0.6, 0.7), only, other).beyond_noise is beyond


def test_the_warning_names_processor_figures_and_the_way_out() -> None:
    differs, same = (
        KernelDifference(64, (0.625, 0.7), (1, 9), 8),
        KernelDifference(64, (1, 1), (0, 0), 0),
    )
    text = int8_sentence(differs, differs, False, "Some CPU", "top1")
    for part in ("WARNING", "Some CPU", "62.5 %", "70.0 %", "--precise-int8 takes"):
        assert part in text
    assert "WARNING" not in int8_sentence(differs, differs, True, "Some CPU", "top1")
    assert "WARNING" not in int8_sentence(same, same, False, "Some CPU", "top1")


def test_the_precise_path_is_exact_and_an_option_of_sessions() -> None:
    assert int8_sums(PRECISE) is Int8Sums.EXACT
    assert int8_sums(CPU) in Int8Sums
    key = "session.x64quantprecision"
    assert session_options(device=PRECISE).get_session_config_entry(key) == "1"
    with pytest.raises(RuntimeError):
        session_options(device=CPU).get_session_config_entry(key)


def test_saturation_is_seen_in_a_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    class Saturating:
        def run(self, _: object, feeds: Feeds) -> list[np.ndarray]:
            return [np.full((1, 16), 4 * (2**15 - 1), np.int32)]

    sums._int8_sums.cache_clear()
    monkeypatch.setattr(sums, "new_session", lambda *_: Saturating())
    assert int8_sums(CPU) is Int8Sums.SATURATING
    sums._int8_sums.cache_clear()


def test_a_processor_is_named_as_linux_does(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: Some CPU\n")
    assert processor_name(tmp_path / "cpuinfo") == "Some CPU"
    assert processor_name(tmp_path / "nothing")


def test_models_that_multiply_integers_are_told_from_others() -> None:
    assert multiplies_integers(context("qdq_conv_packed").model.proto.graph)
    assert not multiplies_integers(context("gemm").model.proto.graph)


def test_a_report_names_the_kernels_and_compares_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a processor without VNNI: the comparison runs, whatever this one computes."""
    monkeypatch.setattr(notes, "int8_sums", lambda _: Int8Sums.SATURATING)
    asked = ("--rates", "1e-5", "--precision", "0.45", "--journal", "none", "--jobs", "0")
    path, target = MODELS / "digits_resnet_int8.onnx", tmp_path / "r.json"
    run = invoke("run", path, *asked, "--images", "32", "--precise-int8", "--json", target)
    assert run.code == 0, run.err
    found = json.loads(target.read_text("utf-8"))
    assert found["plan"]["precise_int8"] is True
    assert found["run"]["int8_sums"] in ("exact", "saturating")
    assert found["run"]["processor"]
    assert "the exact path runs (--precise-int8)" in found["model"]["notes"][0]
    assert "saturate at 16 bits" in " ".join(run.out.split())


def test_the_precise_path_is_another_plan(tmp_path: Path) -> None:
    asked = ("--rates", "1e-5", "--precision", "0.45", "--journal", "none", "--jobs", "0")
    path, ids = MODELS / "digits_resnet_int8.onnx", []
    for flags in ((), ("--precise-int8",)):
        run = invoke("run", path, *asked, "--images", "16", *flags, "--json", tmp_path / "r.json")
        assert run.code == 0, run.err
        ids.append(json.loads((tmp_path / "r.json").read_text("utf-8"))["plan"]["id"])
    assert ids[0] != ids[1]
