"""Words in any case, with a guess where there is none; shares as fractions and in percent."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from analyzer.errors import BadConfig, BadOption, RelcheckError
from analyzer.jobs.api_run import run
from analyzer.jobs.demonstration import demonstration_model
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.campaigns import MapRequest, SweepRequest
from analyzer.jobs.requests.comparison import ComparisonRequest
from analyzer.jobs.requests.diff import DiffRequest
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.requests.twins import HardenRequest, QuantizeRequest
from analyzer.runtime.ort.device import find_device
from tests.support import invoke

MODEL = Path("m.onnx")


def sweep(**flags: Any) -> SweepRequest:
    return ask(SweepRequest, flags, model=MODEL)


WORDS = [
    ("metric", "top1", "TOP1"),
    ("metric", "agreement", "Agreement"),
    ("task", "multi-label", "Multi-Label"),
    ("task", "classification:top=2", "CLASSIFICATION:top=2"),
    ("layout", "NCHW", "nchw"),
    ("color", "BGR", "bgr"),
    ("device", "cuda:1", "CUDA:1"),
    ("kinds", "zero-point", "Zero-Point"),
    ("kinds", "weight,bias", "WEIGHT, bias"),
    ("exposure", "resident", "Resident"),
    ("encoding", "q15.16", "Q15.16"),
    ("until", "gate", "GATE"),
    ("fault", "burst:3", "Burst:3"),
    ("fault", "mix:seu=0.5,word:32=0.5", "MIX:SEU=0.5,Word:32=0.5"),
    ("protect", "secded:64", "SECDED:64"),
    ("protect", "tmr@Conv*", "TMR@Conv*"),
    ("format", "junit=a", "JUnit=a"),
]


@pytest.mark.parametrize(("name", "word", "other"), WORDS)
def test_case_does_not_count(name: str, word: str, other: str) -> None:
    """And leaves no trace: the same plan, whatever the case."""
    value, same = ([text] if name == "format" else text for text in (word, other))
    assert sweep(**{name: value}) == sweep(**{name: same})


def test_what_is_no_word_keeps_its_case() -> None:
    asked = sweep(metric="Mine.py:Score", protect="tmr@Conv*", include=["Conv*"], output="Logits")
    assert str(asked.metric).endswith("Mine.py:Score")
    assert asked.protect.name == "tmr@Conv*"
    assert (asked.include, asked.output) == (("Conv*",), "Logits")


@pytest.mark.parametrize("word", ["actmax", "ActMax", "ACTMAX"])
def test_nor_does_it_of_what_makes_models(word: str) -> None:
    assert ask(HardenRequest, {}, model=MODEL, method=word).method == "actmax"
    assert ask(QuantizeRequest, {"calibration": "MinMax"}, model=MODEL).calibration == "minmax"


MISTYPED = [
    (SweepRequest, "exposure", "residnet", "use transient or resident (did you mean resident?)"),
    (SweepRequest, "encoding", "q15.61", "use stored or q15.16 (did you mean q15.16?)"),
    (SweepRequest, "until", "gat", "use precision or gate (did you mean gate?)"),
    (SweepRequest, "kinds", "weight,bais", "--kinds 'bais': use weight, bias, scale, zero-point"),
    (SweepRequest, "kinds", "weight,bais", "(did you mean bias?)"),
    (SweepRequest, "layout", "nchv", "NCHW or NHWC (did you mean NCHW?)"),
    (SweepRequest, "color", "RG", "RGB or BGR (did you mean RGB?)"),
    (SweepRequest, "fault", "flpi", "(did you mean flip?)"),
    (SweepRequest, "fault", "brust:3", "(did you mean burst?)"),
    (SweepRequest, "protect", "seced", "(did you mean secded?)"),
    (QuantizeRequest, "calibration", "minmx", "(did you mean minmax?)"),
]


@pytest.mark.parametrize(("form", "name", "word", "says"), MISTYPED)
def test_mistyped_words_are_guessed(form: type[Request], name: str, word: str, says: str) -> None:
    with pytest.raises(BadOption) as refused:
        ask(form, {name: word}, model=MODEL)
    assert says in str(refused.value)


def test_so_are_those_that_only_the_model_can_judge() -> None:
    asked = ("--images", "16", "--precision", "0.3", "--rates", "1e-3")
    assert "(did you mean top1?)" in invoke("run", *asked, "--metric", "top11").err
    assert "(did you mean cuda?)" in invoke("run", *asked, "--device", "cudda").err
    model = str(demonstration_model())
    assert "(did you mean actmax?)" in invoke("harden", model, "--method", "actmx", "-o", "h").err


def test_a_device_in_capitals_is_the_same() -> None:
    assert sweep(device="CPU").device == find_device("cpu", []).name


@pytest.mark.parametrize(
    ("name", "text", "share"),
    [
        ("precision", "1%", 0.01),
        ("precision", "0.5 %", 0.005),
        ("precision", "0.01", 0.01),
        ("precision", 0.01, 0.01),
        ("confidence", "95", 0.95),
        ("confidence", "95%", 0.95),
        ("confidence", "99.9", 0.999),
        ("confidence", 95, 0.95),
        ("confidence", 0.95, 0.95),
    ],
)
def test_percent_is_a_fraction(name: str, text: object, share: float) -> None:
    assert getattr(sweep(**{name: text}), name) == share


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("precision", "1", "--precision '1': percent has its sign; write 1%, or 0.01"),
        ("precision", "2.5", "write 2.5%, or 0.025"),
        ("precision", 5, "write 5%, or 0.05"),
        ("confidence", "1", "write 1%, or 0.01"),
        ("confidence", "50", "write 50%, or 0.5"),
        ("confidence", "1%", "input should be greater than 0.5"),
        ("confidence", "950", "input should be less than 1"),
        ("precision", "60%", "input should be less than 0.5"),
        ("precision", "x", "write a fraction like 0.01, or percent like 1%"),
        ("precision", "", "write a fraction like 0.01, or percent like 1%"),
        ("precision", True, "--precision True: "),
    ],
)
def test_what_may_mean_either_is_refused(name: str, text: object, says: str) -> None:
    with pytest.raises(BadOption) as refused:
        sweep(**{name: text})
    assert says in str(refused.value)


@given(st.floats(0.5, 1.0, exclude_min=True, exclude_max=True))
def test_a_fraction_is_what_it_was(share: float) -> None:
    assert sweep(confidence=share).confidence == share
    assert sweep(confidence=repr(share)).confidence == share
    assert sweep(precision=share / 2.0000001).precision == share / 2.0000001


def test_a_map_has_its_margin_in_percent() -> None:
    asked = ask(MapRequest, {"margin": "2%", "confidence": "99"}, model=MODEL)
    assert (asked.precision, asked.confidence) == (0.02, 0.99)


SHARES = {"precision": "1%", "margin": "1%", "confidence": "95%", "tolerance": "1%"}
"""Settings that are shares of one, wherever a request has them."""


@pytest.mark.parametrize(
    "form",
    [SweepRequest, MapRequest, ComparisonRequest, TargetRequest, ProtectRequest, DiffRequest],
)
def test_percent_is_read_in_every_request(form: type[Request]) -> None:
    """Fails if a share is read in one command and refused in another."""
    read_shares = 0
    for name, field in form.model_fields.items():
        word = field.alias or name
        if word in SHARES:
            kind: Any = Annotated[field.annotation, *field.metadata]
            assert (
                TypeAdapter(kind).validate_python(SHARES[word])
                == float(SHARES[word].rstrip("%")) / 100
            )
            read_shares += 1
    assert read_shares


def test_percent_is_read_with_a_target_and_by_diff() -> None:
    asked = ask(TargetRequest, {"precision": "1%"}, model=MODEL, target="leo-sram")
    assert asked.precision == 0.01
    flags = {"confidence": "95%", "tolerance": "1 %"}
    report = ask(DiffRequest, flags, old=MODEL, new=MODEL)
    assert (report.confidence, report.tolerance) == (0.95, 0.01)
    run = invoke("diff", "a.json", "b.json", "--confidence", "95%", "--tolerance", "1%")
    assert "there is no" in run.err


def test_settings_and_python_take_the_same(tmp_path: Path) -> None:
    flags = dict.fromkeys(("precision", "confidence", "exposure", "rates"))
    file = tmp_path / "a.toml"
    lines = ('precision = "1%"', "confidence = 95", 'exposure = "Resident"', "rates = [1e-6, 3e-6]")
    file.write_text("\n".join(lines))
    asked = ask(SweepRequest, flags, file, model=MODEL)
    assert (asked.precision, asked.confidence, asked.exposure) == (0.01, 0.95, "resident")
    assert asked.rates == (1e-6, 3e-6)
    file.write_text("precision = 1")
    with pytest.raises(BadConfig, match=re.escape("write 1%, or 0.01")):
        ask(SweepRequest, flags, file, model=MODEL)
    file.write_text("rates = 1e-6")
    assert ask(SweepRequest, flags, file, model=MODEL).rates == (1e-6,)
    report = run(
        demonstration_model(), rates=1e-3, precision="30%", metric="Top1", images=8, jobs=0
    )
    assert report.record.plan.precision == 0.3
    with pytest.raises(RelcheckError, match="did you mean resident"):
        run(demonstration_model(), exposure="residnt")
