"""Verdicts follow from intervals, both ways; and findings find what was put into the results."""

from pathlib import Path

import pytest

from paper.findings import (
    architectures,
    clipping,
    decay,
    one_bit,
    pretraining,
    protection,
    qat,
    quantization,
    segmentation,
)
from paper.findings.finding import Finding
from paper.findings.interval import Interval
from paper.findings.results import Results
from paper.findings.study import MODELS, SUPERVISED, TWENTIES
from paper.findings.verdict import Verdict, above, below, between, every
from tests.paper.synthetic import (
    FIXED,
    INT8,
    LIVES,
    QUANTIZED,
    RATES,
    SWEPT,
    comparison,
    model,
    part,
    put,
    sweeps,
)

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 0.3, HOLDS), (-0.3, -0.1, FAILS), (-0.1, 0.1, UNDECIDED), (0.0, 0.1, UNDECIDED)],
)
def test_the_whole_interval_decides(low: float, high: float, expected: Verdict) -> None:
    found = Interval((low + high) / 2, low, high)
    assert above(found) is expected
    mirrored = Interval(-found.estimate, -high, -low)
    assert below(mirrored) is expected


def test_equivalence_needs_both_sides() -> None:
    assert between(Interval(1.0, 0.9, 1.1), 0.8, 1.25) is HOLDS
    assert between(Interval(1.5, 1.4, 1.6), 0.8, 1.25) is FAILS
    assert between(Interval(1.0, 0.7, 1.1), 0.8, 1.25) is UNDECIDED
    assert every([HOLDS, UNDECIDED, FAILS]) is FAILS


def test_without_interval_there_is_no_verdict() -> None:
    for judged in (above(None), below(None), between(None, 0, 1), every([])):
        assert judged is Verdict.NO_DATA


def verdict_of(found: Finding, words: str) -> Verdict:
    one = [g for g in found.glances if words in g.claim]
    assert len(one) == 1, [g.claim for g in found.glances]
    return one[0].verdict


def test_exponential_falls_are_recognized(tmp_path: Path) -> None:
    sweeps(tmp_path, "fp32", SWEPT, RATES, SUPERVISED)
    found = decay.find(Results(tmp_path))
    assert verdict_of(found, "exponentially") is HOLDS
    assert verdict_of(found, "logarithmic profile") is HOLDS


def test_clipping_without_effect_is_no_slow_decay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIVES, "actmax", LIVES["float"] / 3)
    sweeps(tmp_path, "fp32", SWEPT, RATES, SUPERVISED)
    assert verdict_of(decay.find(Results(tmp_path)), "logarithmic profile") is FAILS


@pytest.mark.parametrize(("factor", "expected"), [(3.0, HOLDS), (1 / 3, FAILS)])
def test_the_better_bound_is_recognized(
    factor: float, expected: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIVES, "clipact", LIVES["actmax"] * factor)
    sweeps(tmp_path, "fp32", SWEPT, RATES, MODELS)
    found = clipping.find(Results(tmp_path))
    assert verdict_of(found, "float32 as stored") is expected
    assert verdict_of(found, "q15.16") is Verdict.NO_DATA


@pytest.mark.parametrize(("factor", "expected"), [(2.0, HOLDS), (0.5, FAILS), (1.0, UNDECIDED)])
def test_pretraining_is_judged_over_seeds(factor: float, expected: Verdict, tmp_path: Path) -> None:
    factors = dict.fromkeys(TWENTIES[1:], factor)
    sweeps(tmp_path, "q15.16", SWEPT, FIXED, TWENTIES, factors)
    found = pretraining.find(Results(tmp_path))
    clipped = [g.verdict for g in found.glances if "With clipping" in g.claim]
    assert clipped == [expected, Verdict.NO_DATA]


@pytest.mark.parametrize(("life", "expected"), [(1e-2, HOLDS), (1e-4, FAILS)])
def test_int8_is_judged_at_its_rate(
    life: float, expected: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIVES, "ptq", life)
    sweeps(tmp_path, "int8", QUANTIZED, INT8, MODELS)
    found = quantization.find(Results(tmp_path))
    assert verdict_of(found, "near fault-free") is expected
    assert verdict_of(found, "at equal rates") is HOLDS
    if life > 1e-3:
        assert "at least" in found.block


def test_at_equal_upsets_a_quarter_of_the_bits_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIVES, "ptq", LIVES["float"] * 2)
    sweeps(tmp_path, "int8", QUANTIZED, INT8, MODELS)
    found = quantization.find(Results(tmp_path))
    assert verdict_of(found, "at equal rates") is HOLDS
    assert verdict_of(found, "at equal upsets") is FAILS


@pytest.mark.parametrize(("factor", "expected"), [(2.0, HOLDS), (0.5, FAILS)])
def test_qat_is_compared_with_ptq(
    factor: float, expected: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIVES, "qat", LIVES["ptq"] * factor)
    sweeps(tmp_path, "int8", QUANTIZED, INT8, TWENTIES)
    assert verdict_of(qat.find(Results(tmp_path)), "longer than PTQ") is expected


@pytest.mark.parametrize(("factor", "expected"), [(2.0, HOLDS), (0.5, FAILS), (1.0, UNDECIDED)])
def test_a_sturdy_architecture_is_recognized(
    factor: float, expected: Verdict, tmp_path: Path
) -> None:
    sweeps(tmp_path, "fp32", SWEPT, RATES, SUPERVISED, {"inception": factor})
    found = architectures.find(Results(tmp_path))
    assert verdict_of(found, "the other three, in rates") is expected
    if expected is HOLDS:
        assert "Order by rate: Inception-like" in found.block


@pytest.mark.parametrize(("factor", "expected"), [(0.5, HOLDS), (2.0, FAILS)])
def test_depth_is_judged(factor: float, expected: Verdict, tmp_path: Path) -> None:
    sweeps(tmp_path, "fp32", SWEPT, RATES, SUPERVISED, {"resnet56": factor})
    found = architectures.find(Results(tmp_path))
    assert verdict_of(found, "unprotected, in upsets") is expected


@pytest.mark.parametrize(("repaired", "expected"), [(1e-3, HOLDS), (2.5e-5, FAILS)])
def test_what_a_repaired_bit_had_cost(repaired: float, expected: Verdict, tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        bare = model("float", RATES, 2e-5 * (1 + 0.01 * seed))
        mset = model("float", RATES, repaired * (1 + 0.01 * seed))
        mset["protection"] = {"rules": "mset", "check_bits": 0, "data_bits": 64}
        put(tmp_path, f"protect/resnet20-{seed}", comparison([bare, mset]))
    assert one_bit.find(Results(tmp_path)).glances[0].verdict is expected
    assert "MSET" in protection.find(Results(tmp_path)).block


def test_a_bit_alone_predicts_the_curve_that_it_made(tmp_path: Path) -> None:
    """The map says: flips of bit 30 are an n-th of all, and each takes all accuracy above 0."""
    put(tmp_path, "fp32/resnet20-1", comparison([model("float", RATES, 2e-5)]))
    bits = round(1 / 2e-5)
    whole = {"bits": 32 * bits, "sdc": part(1 / 32), "loss": part(0.7 / 32), "due": part(0.0)}
    top = {"bits": bits, "bit": 30, "dtype": "float32", "loss": part(0.7), "sdc": part(1.0)}
    put(tmp_path, "map/resnet20-1", {"whole": whole, "bits": [top], "kinds": [], "tensors": []})
    block = one_bit.find(Results(tmp_path)).block
    shares = [
        line.split("|")[5] for line in block.splitlines() if line.startswith(("| Res", "|  "))
    ]
    assert len(shares) >= 3
    assert all(share.strip().startswith(("100.0 ", "99.9 ")) for share in shares), shares


@pytest.mark.parametrize("apart", [True, False], ids=["stages of their own", "one stage"])
@pytest.mark.parametrize(("factor", "expected"), [(2.0, HOLDS), (0.5, FAILS)])
def test_segmentation_is_judged_however_it_was_compared(
    factor: float, expected: Verdict, apart: bool, tmp_path: Path
) -> None:
    for seed in (1, 2, 3):
        life = 2e-5 * (1 + 0.01 * seed)
        plain = [model("float", RATES, life), model("actmax", RATES, life * factor)]
        other = [
            model("float" if apart else "ssl_float", RATES, life * factor),
            model("actmax" if apart else "ssl_actmax", RATES, life * factor**2),
        ]
        both = [plain, other] if apart else [[*plain, *other, model("ptq", RATES, 1e-3)]]
        for name, models in zip(("swin", "swin-simsiam"), both, strict=False):
            put(tmp_path, f"segmentation/{name}-{seed}", comparison(models, "miou"))
    put(tmp_path, "segmentation/notes", {"kind": "something else"})
    found = segmentation.find(Results(tmp_path))
    assert [glance.verdict for glance in found.glances] == [expected, expected]


def test_a_sweep_without_the_rate_of_a_sentence_gives_no_verdict(tmp_path: Path) -> None:
    """As in the quick study."""
    sweeps(tmp_path, "int8", QUANTIZED, (1e-5, 1e-3), MODELS)
    found = quantization.find(Results(tmp_path))
    assert verdict_of(found, "near fault-free") is Verdict.NO_DATA
    assert verdict_of(found, "at equal rates") is HOLDS


def test_a_sturdy_training_without_law_does_not_take_that_of_another(tmp_path: Path) -> None:
    for seed, life in ((1, 1.0), (2, 1e-5), (3, 2e-5)):
        put(tmp_path, f"fp32/vgg-{seed}", comparison([model("float", RATES, life)]))
    found = decay.find(Results(tmp_path))
    assert "Fits: 2." in found.block
    row = next(line for line in found.block.splitlines() if line.startswith("| VGG-like"))
    assert "1.4e-5" in row  # the geometric mean of the two that fell
