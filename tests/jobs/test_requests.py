"""The door: text and values give one request, and a request is read back from its journal."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.journal.journal import open_journal
from analyzer.campaign.plan import Exposure
from analyzer.campaign.tasks import Shard
from analyzer.errors import BadOption, RelcheckError
from analyzer.faults.kinds import BURST
from analyzer.faults.models import FaultModel
from analyzer.faults.space import Kind
from analyzer.gate import Condition, Level
from analyzer.jobs.journals import identity_of, journal_of, read_request
from analyzer.jobs.observer import SILENT
from analyzer.jobs.prepare import prepare_map, prepare_sweep
from analyzer.jobs.requests.campaigns import MapRequest, SweepRequest
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.requests.twins import HardenRequest
from analyzer.model import Preprocessing
from tests.strategies import examples
from tests.support import tiny_cnn, tiny_data

MODEL = Path("m.onnx")
TEXTS: dict[str, tuple[str, Any]] = {
    "rates": ("1e-6..1e-5", (1e-6, 3e-6, 1e-5)),
    "exposure": ("resident", Exposure.RESIDENT),
    "fault": ("burst:3", FaultModel(BURST, 3)),
    "kinds": ("weight, bias", (Kind.WEIGHT, Kind.BIAS)),
    "include": ("conv*", ("conv*",)),
    "budget": ("10m", 600.0),
    "cache": ("1.5k", 1536),
    "shard": ("2/8", Shard(1, 8)),
    "journal": ("none", NOWHERE),
    "cluster": ("none", None),
    "gate": ("top1>=0.90@1e-6", (Condition("top1", True, 0.9, 1e-6),)),
    "data": ("d.npz", Path("d.npz")),
    "seed": ("3", 3),
    "precision": ("0.1", 0.1),
    "resize": ("32", 32),
    "layout": ("nhwc", "NHWC"),
    "mean": ("0.1,0.2,0.3", (0.1, 0.2, 0.3)),
}
"""Name of a flag -> its text, and what is left of it below the door."""


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_read_at_the_door(name: str) -> None:
    """Fails if a text passes: a rate below is a float, a gate a condition."""
    text, value = TEXTS[name]
    by_text = ask(SweepRequest, {name: text}, model=MODEL)
    assert getattr(by_text, name) == value
    assert type(getattr(by_text, name)) is type(value) or isinstance(value, Path)
    if value is not None:
        assert ask(SweepRequest, {name: value}, model=MODEL) == by_text


rates = st.lists(st.floats(1e-30, 0.999), min_size=1, max_size=6, unique=True)


@examples(100)
@given(rates)
def test_rates_are_what_they_are_in_any_form(found: list[float]) -> None:
    text = ",".join(map(repr, found))
    forms = (text, found, tuple(found))
    read = {ask(SweepRequest, {"rates": form}, model=MODEL).rates for form in forms}
    assert read == {tuple(found)}


fractions = st.floats(0.0, 1.0)
conditions = st.builds(
    Condition,
    st.just("top1"),
    st.just(True),
    fractions,
    st.floats(1e-30, 0.999),
    st.sampled_from(Level),
) | st.builds(
    Condition, st.sampled_from(["sdc", "due"]), st.just(False), fractions, st.floats(1e-30, 0.999)
)


@examples(100)
@given(st.lists(conditions, max_size=4), rates)
def test_requests_are_read_back_as_they_were(found: list[Condition], swept: list[float]) -> None:
    """Fails if the text of a gate, or of a rate, loses a digit in a journal."""
    asked = {"gate": found, "rates": swept, "fault": "burst:5", "mean": (0.1, 0.2), "cache": 7}
    request = ask(SweepRequest, asked, model=MODEL)
    kept = request.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert "model" not in kept
    assert ask(SweepRequest, kept, model=MODEL) == request


@pytest.mark.parametrize("form", [SweepRequest, MapRequest])
def test_a_journal_remembers_what_was_given(
    form: type[SweepRequest | MapRequest], tmp_path: Path
) -> None:
    """Fails if an option that was given is left out, be it the default, or a path is relative."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    asked: dict[str, Any] = {"data": data, "seed": 0, "budget": "10m", "jobs": 0, "batch": 8}
    asked |= {"html": "r.html", "json": "r.json", "journal": tmp_path / "j.db", "shard": "1/2"}
    asked |= {"rates": "1e-7..3e-5"} if form is SweepRequest else {"margin": 0.2}
    request = ask(form, asked, model=model)
    prepare: Any = prepare_sweep if form is SweepRequest else prepare_map
    with journal_of(prepare(request), request, SILENT):
        pass
    found = read_request(tmp_path / "j.db")
    assert (found.purpose, found.model) == (form.purpose, model)
    assert found.settings["html"] == str(Path("r.html").absolute())
    assert found.settings["seed"] == 0
    again = ask(form, found.settings, model=found.model)
    changed = {"outputs": {n: p.absolute() for n, p in request.outputs.items()}}
    assert again == request.model_copy(update=changed)


def test_only_what_was_given_is_of_a_search() -> None:
    """Fails if a default counts as given."""
    request = ask(HardenRequest, {"data": "d.npz"}, model=MODEL, method="actmax", out=Path("o"))
    request.check()
    useless = ask(HardenRequest, {"data": "d", "seed": 0}, model=MODEL, method="actmax")
    with pytest.raises(BadOption, match="--seed is an option of --method clipact"):
        useless.check()


def test_a_state_lies_beside_the_output() -> None:
    asked = {"data": "d.npz"}
    beside = ask(HardenRequest, asked, model=MODEL, method="clipact", out=Path("a/o.onnx"))
    assert beside.state_file == Path("a/o.onnx.search.json")
    assert ask(HardenRequest, asked, model=MODEL, method="clipact").state_file is None


def test_preprocessing_overrides_what_a_model_states() -> None:
    stated = Preprocessing(resize=9, mean=(0.5,), scale=0.25)
    asked = ask(SweepRequest, {"scale": "1", "std": [2.0, 3.0]}, model=MODEL)
    found = asked.preprocessing(stated)
    assert found == Preprocessing(resize=9, mean=(0.5,), scale=1.0, std=(2.0, 3.0))


def test_rates_of_a_gate_alone_are_the_sweep() -> None:
    gates = ["sdc <= 0.5 @ 1e-3", "top1 >= 0.5 @ 1e-4", "due <= 0.5 @ 1e-3"]
    asked = {"gate": gates, "until": "gate"}
    assert ask(SweepRequest, asked, model=MODEL).swept == (1e-4, 1e-3)
    assert ask(SweepRequest, {**asked, "rates": "1e-7..3e-5"}, model=MODEL).swept[0] == 1e-7
    assert MapRequest(model=MODEL).swept == ()


@pytest.mark.parametrize("name", ["rates", "gate", "fault", "kinds", "budget", "mean", "data"])
@pytest.mark.parametrize("value", [object(), 1j, {"a": 1}])
def test_what_is_neither_text_nor_value_is_a_sentence(name: str, value: object) -> None:
    with pytest.raises(RelcheckError, match=rf"^--{name} "):
        ask(SweepRequest, {name: value}, model=MODEL)


def test_an_identity_is_of_the_campaign_alone(tmp_path: Path) -> None:
    """Where a journal lies, and what is written, decide nothing that a block shows."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    asked = {"data": data, "batch": 8, "rates": "1e-3"}
    plain = prepare_sweep(ask(SweepRequest, asked, model=model))
    other = prepare_sweep(
        ask(SweepRequest, {**asked, "json": "r.json", "jobs": 0, "rates": "1e-2"}, model=model)
    )
    assert identity_of(plain) == identity_of(other)
    with open_journal(tmp_path / "j.db", identity_of(plain), lambda: 0.0):
        pass
