"""`relcheck harden --method clipact`, as users call it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from exporters.hardening.clipact.search import Search
from exporters.hardening.clipact.state import SearchState
from tests.cli.test_bad_input import assert_sentence, contents
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

Arguments = list[str | Path]

DIGITS = ROOT / "models" / "digits_resnet.onnx"
DIGITS_DATA = ROOT / "models" / "digits_test.npz"
QUICK = ("--rates", "1e-4..1e-2", "--patterns", "60", "--iterations", "3")


@pytest.fixture(autouse=True)
def _quick_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is tested elsewhere."""
    monkeypatch.setattr("analyzer.jobs.before_after.LATENCY_SECONDS", 0.02)


def tiny(folder: Path) -> Arguments:
    """Arguments of a quick search on one site."""
    model, data = tiny_cnn(folder / "good.onnx"), tiny_data(folder / "data.npz")
    return [model, "--method", "clipact", "--data", data, "-o", folder / "out.onnx", *QUICK]


def digits(folder: Path, *more: str | Path) -> Arguments:
    """Arguments of a quick search on several sites."""
    start: Arguments = [DIGITS, "--method", "clipact", "--data", DIGITS_DATA, "--images", "60"]
    return [*start, "-o", folder / "out.onnx", *QUICK, *more]


def test_the_report_shows_the_search(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run = invoke("harden", *tiny(tmp_path), "--json", report)
    assert (run.code, run.err) == (0, "")
    assert max(map(len, run.out.splitlines())) <= 80
    assert (
        "Searched: area under top-1 over rates 1e-4 to 1e-2, faults in the layer alone" in run.out
    )
    search = json.loads(report.read_text("utf-8"))["search"]
    assert search["finished"]
    assert (search["iterations"], search["patterns"], search["seed"]) == (3, 60, 0)
    (site,) = search["sites"]
    assert site["value"] == "r"
    assert site["bits"] == 32 * (3 * 9 + 3)
    assert site["area"] >= site["area_at_maximum"] - site["deviation"]
    assert not (tmp_path / "out.onnx.search.json").exists()


def test_the_bound_is_the_share_of_the_maximum(tmp_path: Path) -> None:
    kept, actmax, report = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "c.json"
    arguments = tiny(tmp_path)
    assert invoke("harden", *arguments, "--save-thresholds", kept, "--json", report).code == 0
    plain = [*arguments[:2], "actmax", *arguments[3:7]]
    assert invoke("harden", *plain, "--save-thresholds", actmax).code == 0
    share = json.loads(report.read_text("utf-8"))["search"]["sites"][0]["share"]
    found, most = (json.loads(p.read_text("utf-8"))["thresholds"]["r"] for p in (kept, actmax))
    assert found["high"] == share * most["high"]


def test_an_interrupted_search_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke("harden", *digits(tmp_path)).code == 0
    whole = (tmp_path / "out.onnx").read_bytes()
    (tmp_path / "out.onnx").unlink()
    searched: list[str] = []
    original = Search._search

    def search(self: Search, site: str) -> object:
        searched.append(site)
        if len(searched) == 3:
            raise KeyboardInterrupt
        return original(self, site)

    monkeypatch.setattr(Search, "_search", search)
    run = invoke("harden", *digits(tmp_path))
    assert run.code not in {0, 1, 2, 3, 4}
    assert "Stopped: 2 of 7 bounds are found" in run.err
    state = tmp_path / "out.onnx.search.json"
    kept = SearchState.model_validate_json(state.read_text("utf-8"))
    assert [s.value for s in kept.sites] == searched[:2]
    assert not (tmp_path / "out.onnx").exists()
    first = list(searched)
    assert invoke("harden", *digits(tmp_path)).code == 0
    assert not set(searched[3:]) & set(first[:2])
    assert (tmp_path / "out.onnx").read_bytes() == whole
    assert not state.exists()


def test_a_spent_budget_is_said_and_the_state_is_kept(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    run = invoke("harden", *digits(tmp_path, "--budget", "0.001s", "--state", state))
    assert run.code == 3
    assert "The budget is spent" in run.out
    assert state.exists()
    assert len(SearchState.model_validate_json(state.read_text("utf-8")).sites) == 1
    done = invoke("harden", *digits(tmp_path, "--state", state))
    assert done.code == 0
    assert not state.exists()


BAD: dict[str, tuple[str, str, Sequence[str]]] = {
    "no data": ("bad-option", "give --data", ()),
    "no rates": ("bad-rates", "is not a bit error rate", ("--rates", "fast")),
    "no encoding": ("bad-option", "--encoding", ("--encoding", "q1.2")),
    "no metric": ("bad-option", "--metric", ("--metric", "speed")),
    "no budget": ("bad-option", "--budget", ("--budget", "soon")),
    "state is data": ("unwritable-output", "is in use already", ("--state", "data.npz")),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_requests(name: str, tmp_path: Path) -> None:
    slug, says, more = BAD[name]
    arguments = tiny(tmp_path)
    if name == "no data":
        arguments = [*arguments[:3], *arguments[5:]]
    given = [tmp_path / m if m.endswith(".npz") else m for m in more]
    before = contents(tmp_path)
    run = invoke("harden", *arguments, *given)
    assert_sentence(run, slug, says)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("count", ["0", "-1", "many"])
@pytest.mark.parametrize("option", ["--iterations", "--patterns"])
def test_counts_are_counts(option: str, count: str, tmp_path: Path) -> None:
    run = invoke("harden", *tiny(tmp_path), option, count)
    assert run.code == 2
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize("option", ["--iterations", "--patterns", "--seed"])
def test_options_of_the_search_need_a_search(option: str, tmp_path: Path) -> None:
    arguments = tiny(tmp_path)[:7]
    arguments[2] = "actmax"
    run = invoke("harden", *arguments, option, "3")
    assert_sentence(run, "bad-option", option)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is no state of a search"),
        (b"\xff\xfe", "cannot be read"),
        (b'{"format": "1.0", "search": "model other; data other"}', "belongs to another search"),
        (b'{"format": "9.0", "search": ""}', "is no state of a search"),
    ],
)
def test_states_of_something_else(content: bytes, says: str, tmp_path: Path) -> None:
    arguments = tiny(tmp_path)
    (tmp_path / "out.onnx.search.json").write_bytes(content)
    run = invoke("harden", *arguments)
    assert_sentence(run, "bad-search-state", says)
    assert not (tmp_path / "out.onnx").exists()
    assert (tmp_path / "out.onnx.search.json").read_bytes() == content


def test_a_changed_request_is_told_apart(tmp_path: Path) -> None:
    assert invoke("harden", *digits(tmp_path, "--budget", "0.001s")).code == 3
    run = invoke("harden", *digits(tmp_path, "--seed", "5"))
    assert_sentence(run, "bad-search-state", "seed 0, now seed 5")
