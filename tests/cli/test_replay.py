"""``relcheck replay``: trials of a report and fault lists, bit for bit."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from analyzer.answers import Failure, Run
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import Device
from tests.evaluation.folders import image_folder
from tests.runtime.test_shared_bytes import chain
from tests.support import (
    ROOT,
    invoke,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    tiny_data,
    with_metadata,
)

Data = dict[str, Any]
SCHEMA = ROOT / "docs" / "replay.schema.json"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the folder of the model: reports name files from there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def report(model: Path, data: Path, tmp_path: Path) -> Path:
    """The report of a small run."""
    return made(model, data, tmp_path / "run.json")


def made(model: Path, data: Path, path: Path, *more: str | Path) -> Path:
    """The report of a run of these."""
    run = invoke(
        model, "--data", data, "--rates", "1e-3,1e-2", "--precision", "0.1", "--json", path, *more
    )
    assert run.code == 0, run.err
    return path


def read(path: Path) -> Data:
    """A JSON file."""
    content = json.loads(path.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def replayed(*args: str | Path, to: Path, code: int = 0) -> Data:
    """The JSON report of a replay."""
    run = invoke("replay", *args, "--json", to)
    assert run.code == code, run.err
    found = read(to)
    jsonschema.validate(found, json.loads(SCHEMA.read_text("utf-8")))
    return found


def edited(model: Path, bits: list[Data], path: Path) -> Path:
    """A copy of a file in which these bits are flipped, byte by byte."""
    proto = onnx.load(model)
    stored = {tensor.name: tensor for tensor in proto.graph.initializer}
    for row in bits:
        tensor = stored[row["tensor"]]
        values = numpy_helper.to_array(tensor).copy()
        raw = bytearray(values.tobytes())
        place = 32 * int(row["index"]) + int(row["bit"])
        raw[place // 8] ^= 1 << place % 8
        tensor.CopyFrom(
            numpy_helper.from_array(
                np.frombuffer(bytes(raw), values.dtype).reshape(values.shape), tensor.name
            )
        )
    onnx.save(proto, path)
    return path


def listed(path: Path) -> list[Data]:
    """The rows of a fault list."""
    with path.open() as stream:
        return list(csv.DictReader(stream))


def digest(*arrays: np.ndarray[Any, Any]) -> str:
    """SHA-256 of arrays: dtype, shape and bytes, one after the other."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def answers(model: Path, fed: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The scores of a default session."""
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    found = session.run(None, {"image": fed})[0]
    assert isinstance(found, np.ndarray)
    return found


@pytest.mark.parametrize("trial", ["1", "2", "10"])
def test_a_trial_is_reproduced_bit_for_bit_from_its_report(
    report: Path, model: Path, data: Path, tmp_path: Path, trial: str
) -> None:
    """The file is edited here by hand, and run by a session of its own."""
    listed_to = tmp_path / "bits.csv"
    found = replayed(
        report, "--trial", trial, "--faults-out", listed_to, to=tmp_path / "replay.json"
    )
    (part,) = found["patterns"]
    told = read(report)["worst"][int(trial) - 1]
    assert part["name"] == told["name"]
    assert (part["sdc"], part["due"], part["images"]) == (told["sdc"], told["due"], told["images"])
    assert part["reproduced"] is True
    assert part["edited_file"] == "same"
    faulty = edited(model, listed(listed_to), tmp_path / "faulty.onnx")
    images = np.load(data)["images"][[image["image"] for image in part["shown"]]]
    fed = np.moveaxis(images, 3, 1).astype(np.float32) * np.float32(1 / 255)
    golden, answer = (answers(path, fed) for path in (model, faulty))
    assert digest(answer) == part["outputs_sha256"]
    for image, before, after in zip(part["shown"], golden, answer, strict=True):
        assert image["golden"]["number"] == before.argmax()
        assert image["golden"]["score"] == before.max()
        if np.isfinite(after).all():
            assert image["faulty"]["number"] == after.argmax()
            assert image["outcome"] == ("masked" if after.argmax() == before.argmax() else "sdc")
        else:
            assert image["outcome"] == "due"


@pytest.mark.parametrize(
    "more",
    [
        ("--exposure", "resident"),
        ("--encoding", "q15.16"),
        ("--fault", "stuck1"),
        ("--fault", "mix:flip=0.5,burst:2=0.5"),
        ("--protect", "parity"),
        ("--protect", "secded"),
        ("--protect", "mset"),
        ("--batch", "5", "--seed", "3", "--kinds", "weight"),
    ],
    ids=" ".join,
)
def test_every_kind_of_campaign_is_reproduced(
    model: Path, data: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    report = made(model, data, tmp_path / "run.json", *more, "--budget", "20s")
    found = replayed(report, to=tmp_path / "replay.json")
    assert len(found["patterns"]) == len(read(report)["worst"]) > 0
    for part in found["patterns"]:
        assert part["reproduced"] is True
        assert part["edited_file"] == "same"


def test_the_worst_trials_do_not_depend_on_who_ran_them(
    model: Path, data: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.db"
    alone = made(model, data, tmp_path / "a.json", "--jobs", "0", "--journal", journal)
    again = made(model, data, tmp_path / "b.json", "--jobs", "2", "--journal", "none")
    resumed = invoke("resume", journal, "--json", tmp_path / "c.json")
    assert resumed.code == 0, resumed.err
    found = [read(path)["worst"] for path in (alone, again, tmp_path / "c.json")]
    assert found[0] == found[1] == found[2]
    assert [part["number"] for part in found[0]] == list(range(1, 11))
    shares = [part["sdc"] / part["images"] for part in found[0]]
    assert shares == sorted(shares, reverse=True)


def test_a_list_of_a_resident_trial_gives_its_outputs(
    model: Path, data: Path, tmp_path: Path
) -> None:
    """Written as bits and run as a list, a stuck cell is a flip or nothing: the same memory."""
    more = ("--exposure", "resident", "--fault", "stuck1")
    report = made(model, data, tmp_path / "run.json", *more)
    bits = tmp_path / "bits.csv"
    trials = replayed(report, "--faults-out", bits, to=tmp_path / "trials.json")
    asked = (model, "--faults", bits, "--data", data, "--oracle")
    by_list = replayed(*asked, to=tmp_path / "list.json")
    keys = ("name", "sdc", "due", "masked", "changed", "elements", "outputs_sha256", "edited_file")
    for one, other in zip(trials["patterns"], by_list["patterns"], strict=True):
        assert [one[key] for key in keys] == [other[key] for key in keys]
        assert other["reproduced"] is None


def test_a_list_is_a_row_per_injection(model: Path, data: Path, tmp_path: Path) -> None:
    faults, rows = tmp_path / "list.csv", tmp_path / "rows.csv"
    rows_of_sfi = ('0,conv_w,"(0, 0, 1, 1)",30', '1,fc_b,"(2,)",0')
    faults.write_text("\n".join(("Injection,Layer,TensorIndex,Bit", *rows_of_sfi)), "utf-8")
    run = invoke("replay", model, "--faults", faults, "--data", data, "--csv", rows)
    assert run.code == 0, run.err
    assert "2 patterns:" in run.out
    table = listed(rows)
    assert [row["injection"] for row in table] == ["0", "1"]
    images = len(np.load(data)["images"])
    for row in table:
        assert int(row["sdc"]) + int(row["due"]) + int(row["masked"]) == images
    assert int(table[1]["masked"]) == images


def test_a_trial_is_found_by_its_name(report: Path, tmp_path: Path) -> None:
    (part,) = replayed(report, "--trial", "1e-3/1/7", to=tmp_path / "r.json")["patterns"]
    assert part["name"] == "1e-3/1/7"
    assert part["edited_file"] == "same"
    assert part["reproduced"] is None


def test_the_text_shows_bits_answers_and_proofs(report: Path) -> None:
    run = invoke("replay", report, "--trial", "1")
    assert run.code == 0, run.err
    assert " -> " in run.out
    assert "under faults" in run.out
    assert "gives the same outputs, bit for bit." in run.out
    assert "The outcomes are those of the report." in run.out
    assert max(map(len, run.out.splitlines())) <= 80
    told = invoke("report", report)
    assert "Worst trial: " in told.out
    assert "relcheck replay REPORT.json --trial 1" in " ".join(told.out.split())


def test_another_outcome_than_the_reports_is_a_failure(report: Path, tmp_path: Path) -> None:
    content = read(report)
    content["worst"][0]["sdc"] -= 1
    report.write_text(json.dumps(content), "utf-8")
    run = invoke("replay", report, "--trial", "1")
    assert run.code == 1
    assert "The outcomes are NOT those of the report" in run.out


def test_files_are_found_beside_the_report_or_by_flags(
    report: Path, model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, elsewhere = tmp_path / "away", tmp_path / "elsewhere"
    for folder in (away, elsewhere):
        folder.mkdir()
    for path in (report, model, data):
        shutil.copy(path, away / path.name)
    monkeypatch.chdir(elsewhere)
    assert invoke("replay", away / report.name, "--trial", "1").code == 0
    moved = shutil.move(away / model.name, tmp_path / "moved.onnx")
    lost = invoke("replay", away / report.name, "--trial", "1")
    assert (lost.code, "--model is missing" in lost.err) == (2, True)
    assert invoke("replay", away / report.name, "--trial", "1", "--model", moved).code == 0


def test_what_does_not_belong_to_the_report_is_refused(
    report: Path, model: Path, data: Path, tmp_path: Path
) -> None:
    other, others = tiny_cnn(tmp_path / "o.onnx", seed=5), tmp_path / "others.npz"
    tiny_data(others)
    content = dict(np.load(others))
    np.savez(others, **{**content, "images": content["images"][::-1]})
    faults = tmp_path / "list.csv"
    faults.write_text("injection,tensor,index,bit\n0,nothing,0,0\n", "utf-8")
    for args, slug, says in (
        ((report, "--model", other), "report-mismatch", "is a report of another model"),
        ((report, "--data", others), "report-mismatch", "is a report on other data"),
        ((report, "--seed", "7"), "report-mismatch", "is a report of plan"),
        ((report, "--trial", "11"), "bad-option", "has 10 worst trials, numbered from 1"),
        ((report, "--trial", "0"), "bad-option", "numbered from 1"),
        ((report, "--trial", "x"), "bad-option", "names no trial"),
        ((report, "--trial", "1e-5/1/0"), "bad-option", "no such rate or stratum"),
        ((report, "--faults", faults), "bad-fault-list", "no tensor at risk is called 'nothing'"),
        ((report, "--faults", "no.csv"), "bad-fault-list", "there is no fault list no.csv"),
        ((report, "--json", report), "unwritable-output", "is in use already"),
        ((model,), "bad-option", "--faults is missing"),
        ((model, "--trial", "1", "--faults", faults), "bad-option", "--trial has no effect"),
        (
            (model, "--data", data, "--faults", faults, "--fault", "mix:flip=0.5,burst:2=0.5"),
            "bad-option",
            "lists bits and not kinds of upset",
        ),
        ((tmp_path / "no.json",), "bad-report", "there is no report"),
    ):
        run = invoke("replay", *args)
        assert run.code == 2, (args, run.out)
        assert says in run.err, run.err
        assert f"[{slug}]" in run.err, run.err


def test_a_map_has_no_trials(model: Path, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    assert invoke("map", model, "--data", data, "--budget", "1s", "--json", path).code in (0, 3)
    run = invoke("replay", path)
    assert run.code == 2
    assert "is no report of a run" in run.err


def test_the_published_schema_is_the_present_one() -> None:
    from analyzer.reports.replay.record import json_schema

    assert SCHEMA.read_text("utf-8") == json_schema()


def test_an_edited_file_is_loaded_only_while_none_before_gives_the_answer(
    report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second way to edit the file is there for kernels that round like weights not packed."""
    opened: list[bool] = []
    loaded: list[bool] = []
    first_is_wrong = False

    class Watched(RewriteExecutor):
        def __init__(self, model: Model, space: FaultSpace, device: Device, *, pack: bool) -> None:
            opened.append(pack)
            super().__init__(model, space, device, pack=pack)

        @contextmanager
        def inject(self, pattern: FaultPattern) -> Iterator[Run]:
            loaded.append(self._pack)
            with super().inject(pattern) as run:
                wrong = first_is_wrong and self._pack
                yield (lambda _: Failure("another answer")) if wrong else run

    monkeypatch.setattr("analyzer.jobs.repeated.RewriteExecutor", Watched)
    found = replayed(report, to=tmp_path / "one.json")["patterns"]
    assert {part["edited_file"] for part in found} == {"same"}
    assert (opened, loaded) == ([True], [True] * len(found))
    opened.clear()
    loaded.clear()
    first_is_wrong = True
    found = replayed(report, to=tmp_path / "two.json")["patterns"]
    assert {part["edited_file"] for part in found} == {"same"}
    assert (opened, loaded) == ([True, False], [True, False] * len(found))


def folder_model(folder: Path) -> Path:
    """A model that names a folder of images, by class, in its metadata."""
    image_folder(folder / "images", {c: range(i, 240, 40) for i, c in enumerate("abcd")})
    proto = with_metadata(tiny_cnn_proto(), data="images", scale=str(1 / 255))
    return save(proto, folder / "named.onnx")


def run_without_data(model: Path, path: Path) -> Path:
    """The report of a run that was given no data set."""
    run = invoke(model, "--rates", "1e-2", "--precision", "0.1", "--json", path)
    assert run.code == 0, run.err
    return path


@pytest.mark.parametrize("kind", ["folder", "npz"])
def test_data_that_the_model_leads_to_need_no_flag(tmp_path: Path, kind: str) -> None:
    """Named in its metadata or beside it; from any folder, with the model where it is now."""
    place = tmp_path / "first"
    place.mkdir()
    model = folder_model(place) if kind == "folder" else tiny_cnn(place / "named.onnx")
    if kind == "npz":
        tiny_data(place / "named.npz")
    report = run_without_data(model, tmp_path / "run.json")
    assert read(report)["data"]["kind"] == kind
    assert "data" not in read(report)["run"]["settings"]
    (part,) = replayed(report, "--trial", "1", to=tmp_path / "replay.json")["patterns"]
    assert part["reproduced"] is True
    moved = tmp_path / "second"
    place.rename(moved)
    again = (report, "--trial", "1", "--model", moved / "named.onnx")
    (part,) = replayed(*again, to=tmp_path / "again.json")["patterns"]
    assert part["reproduced"] is True


def test_data_that_are_gone_are_looked_for_where_the_model_says(tmp_path: Path) -> None:
    model = folder_model(tmp_path)
    elsewhere = shutil.copytree(tmp_path / "images", tmp_path / "elsewhere")
    report = made(model, elsewhere, tmp_path / "run.json")
    shutil.rmtree(elsewhere)
    (part,) = replayed(report, "--trial", "1", to=tmp_path / "replay.json")["patterns"]
    assert part["reproduced"] is True


def test_data_that_nothing_leads_to_are_asked_for(tmp_path: Path) -> None:
    """Random inputs in their place would be a report on other data."""
    model, data = tiny_cnn(tmp_path / "named.onnx"), tiny_data(tmp_path / "named.npz")
    report = run_without_data(model, tmp_path / "run.json")
    data.rename(tmp_path / "other.npz")
    lost = invoke("replay", report, "--trial", "1")
    assert lost.code == 2
    assert "--data is missing" in lost.err
    assert "the model leads to no data set either" in lost.err
    assert invoke("replay", report, "--trial", "1", "--data", tmp_path / "other.npz").code == 0


def test_random_inputs_are_drawn_again_and_no_other_data_taken(tmp_path: Path) -> None:
    model = tiny_cnn(tmp_path / "named.onnx")
    report = run_without_data(model, tmp_path / "run.json")
    (part,) = replayed(report, "--trial", "1", to=tmp_path / "replay.json")["patterns"]
    assert part["reproduced"] is True
    tiny_data(tmp_path / "named.npz")
    other = invoke("replay", report, "--trial", "1")
    assert other.code == 2
    assert "[report-mismatch]" in other.err
    assert "is a report on random inputs, and the model has the data set named.npz now" in other.err


def test_bits_of_overlapping_tensors_are_told_once_with_all_their_names(tmp_path: Path) -> None:
    """Bytes 20 to 35 belong to both matrices; an upset there is one bit of the file."""
    rng = np.random.default_rng(0)
    (tmp_path / "w.bin").write_bytes(rng.uniform(0.5, 1.0, 40).astype(np.float32).tobytes())
    model = save(chain([0, 20]), tmp_path / "two.onnx")
    run = invoke(model, "--rates", "1e-1", "--precision", "0.3", "--json", tmp_path / "run.json")
    assert run.code == 0, run.err
    bits = tmp_path / "bits.csv"
    again = (tmp_path / "run.json", "--trial", "1", "--faults-out", bits)
    (part,) = replayed(*again, to=tmp_path / "replay.json")["patterns"]
    found = [("w0 w1".index(row["tensor"]) // 3, int(row["index"])) for row in listed(bits)]
    places = [(20 * w + 4 * i, row["bit"]) for (w, i), row in zip(found, listed(bits), strict=True)]
    assert len(places) == len(set(places)) == part["upsets"]
    for element in part["elements"]:
        both = element["tensor"] == "w0" and element["element"] >= 5
        assert element.get("also") == (["w1"] if both else None)
        assert element["tensor"] == "w0" or element["element"] >= 4
    told = invoke("replay", tmp_path / "run.json", "--trial", "1")
    assert ", shared with w1, bit" in " ".join(told.out.split())
