"""What is never done with a user's file: no code in it runs, and nothing it says is obeyed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from analyzer.cli.words import command_line
from analyzer.errors import BadMetadata
from analyzer.jobs.data import find_data
from analyzer.jobs.provenance import relative, run_part
from analyzer.jobs.requests.base import DataRequest
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.model import load_model
from analyzer.reports.shared.terminal_text import lines, one_line
from tests.support import (
    ROOT,
    invoke,
    run_cli,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    tiny_data,
    with_metadata,
)

# No code

RUNS_CODE = {
    "eval",
    "exec",
    "os.system",
    "pickle.load",
    "pickle.loads",
    "marshal.loads",
    "register_custom_ops_library",
    "np.load",
    "numpy.load",
    "torch.load",
    "subprocess.run",
    "subprocess.Popen",
    "yaml.load",
    "ctypes.CDLL",
}
"""Calls that run what a file holds, or may, or load a library."""

ALLOWED = {
    (
        "analyzer/campaign/workers/payload.py",
        "pickle.loads",
    ): "made by the process that starts the worker",
    (
        "analyzer/campaign/workers/processes.py",
        "subprocess.Popen",
    ): "this very Python, on this package",
    (
        "analyzer/cli/process/isolation.py",
        "ctypes.CDLL",
    ): "None: the C library that is there already",
    (
        "analyzer/memory/trim.py",
        "ctypes.CDLL",
    ): "None: the C library, there already",
    (
        "analyzer/memory/shared_arrays.py",
        "pickle.loads",
    ): "made by the workers of the same campaign",
    (
        "analyzer/runtime/ort/device_selection.py",
        "ctypes.CDLL",
    ): "libcuda.so.1, the driver, by its own name",
    ("exporters/torch/checkpoint.py", "torch.load"): "weights_only=True: tensors, no code",
    ("exporters/training/checkpoint.py", "torch.load"): "weights_only=True, of our own making",
    ("exporters/training/sgd.py", "torch.load"): "weights_only=True, and of our own making",
    ("exporters/datasets/archives.py", "np.load"): "allow_pickle=False",
}


def calls() -> Iterator[tuple[str, str]]:
    for path in (*(ROOT / "analyzer").rglob("*.py"), *(ROOT / "exporters").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                yield path.relative_to(ROOT).as_posix(), name
                for word in node.keywords:
                    yield path.relative_to(ROOT).as_posix(), f"{word.arg}={ast.unparse(word.value)}"


def test_nothing_that_a_file_holds_is_run() -> None:
    """Custom-op libraries, pickles, programs: ONNX Runtime and numpy are never asked to."""
    found = {
        (file, name)
        for file, name in calls()
        if name in RUNS_CODE
        or name.rpartition(".")[2] == "register_custom_ops_library"
        or name in {"allow_pickle=True", "weights_only=False", "shell=True"}
    }
    assert found == set(ALLOWED)


def test_a_library_beside_a_model_stays_unloaded(tmp_path: Path) -> None:
    """session.py registers none: a model with operators of its own is refused."""
    proto = tiny_cnn_proto()
    proto.opset_import.add(domain="acme", version=1)
    proto.graph.node[1].domain = "acme"
    (tmp_path / "acme.so").write_bytes(b"\x7fELF")
    proto = with_metadata(proto, custom_ops="acme.so")
    found = invoke("inspect", save(proto, tmp_path / "m.onnx"))
    assert found.code == 2
    assert "acme:Relu" in found.err
    assert found.err.endswith("[unsupported-model]\n")


# Nothing outside the model's folder


def folder_of_images(path: Path) -> Path:
    from PIL import Image

    (path / "c").mkdir(parents=True)
    Image.fromarray(np.zeros((6, 6), np.uint8)).save(path / "c" / "a.png")
    return path


@pytest.mark.parametrize("way", ["file", "folder"])
def test_data_that_a_model_names_stay_in_its_folder(way: str, tmp_path: Path) -> None:
    """jobs/data.py: ``not _stays_inside(named, model.path)``."""
    outside = folder_of_images(tmp_path / "outside")
    images = tmp_path / "m" / "images"
    images.mkdir(parents=True)
    if way == "folder":
        (images / "c").symlink_to(outside / "c")
    else:
        (images / "c").mkdir()
        (images / "c" / "a.png").symlink_to(outside / "c" / "a.png")
    proto = with_metadata(tiny_cnn_proto(), data="images")
    model = load_model(save(proto, tmp_path / "m" / "m.onnx"))
    with pytest.raises(BadMetadata, match="outside the model's folder"):
        find_data(model, DataRequest())
    asked = find_data(model, ask(DataRequest, {"data": images}))
    assert len(asked) == 1  # who names the folder may link where they like


def test_links_within_the_folder_are_the_models_own(tmp_path: Path) -> None:
    folder_of_images(tmp_path / "images")
    (tmp_path / "images" / "c" / "b.png").symlink_to("a.png")
    proto = with_metadata(tiny_cnn_proto(), data="images")
    model = load_model(save(proto, tmp_path / "m.onnx"))
    assert len(find_data(model, DataRequest())) == 2


# No orders to the terminal

EVIL = "conv\x1b[2J\x1b]0;owned\x07\u202e\nrelcheck: all is well"
SHOWN = r"conv\x1b[2J\x1b]0;owned\x07\u202e\nrelcheck: all is well"


def evil_model(path: Path) -> Path:
    """`tiny_cnn` whose every name is an order to the terminal."""
    proto = tiny_cnn_proto()
    graph = proto.graph
    for node in graph.node:
        node.name, node.input[:] = EVIL + node.output[0], [EVIL + name for name in node.input]
        node.output[:] = [EVIL + name for name in node.output]
    for thing in (*graph.initializer, *graph.input, *graph.output, graph):
        thing.name = EVIL + thing.name
    graph.node.append(helper.make_node("Constant", [], [EVIL], name=EVIL, value_float=1.0))
    return save(with_metadata(proto, data=EVIL + ".npz"), path / "evil\x1b[31m.onnx")


def assert_tame(text: str) -> None:
    assert text.replace("\n", "").isprintable()
    assert not [line for line in text.splitlines() if line.startswith("relcheck: all is well")]


@pytest.mark.parametrize("command", ["run", "inspect", "selftest"])
def test_names_do_not_reach_the_terminal_raw(command: str, tmp_path: Path) -> None:
    """reports/sweep/text.py, inventory.py, selftest.py: ``one_line``."""
    quick = {"run": ["--rates", "1e-3", "--precision", "0.3"], "selftest": ["--patterns", "2"]}
    found = invoke(command, evil_model(tmp_path), *quick.get(command, []))
    assert found.code == 0, found.err
    assert (
        SHOWN.partition("\\n")[0][:20] in found.out or command != "inspect"
    )  # else they were none
    assert_tame(found.out)
    assert_tame(found.err)
    assert r"evil\x1b[31m.onnx" in found.out


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("missing", "there is no file"),
        ("two sizes", "insist on batches of different sizes"),
        ("metadata", "must be NCHW or NHWC"),
        ("operator", "unsupported-model"),
        ("external", "outside the model's folder"),
    ],
)
def test_refusals_do_not_obey_either(deed: str, says: str, tmp_path: Path) -> None:
    """output.py: ``terminal_text.one_line(text)`` in ``tell``."""
    path = evil_model(tmp_path)
    proto = onnx.load(path, load_external_data=False)
    match deed:
        case "missing":
            path = path.with_name(f"{SHOWN}\x1b[2J.onnx")
        case "two sizes":
            for size in (1, 2):
                name = f"{EVIL}{size}"
                proto.graph.input.append(helper.make_tensor_value_info(name, 1, [size]))
        case "metadata":
            with_metadata(proto, layout=EVIL)
        case "operator":
            proto.graph.node[1].op_type = EVIL
        case _:
            weights = proto.graph.initializer[0]
            weights.data_location = onnx.TensorProto.EXTERNAL
            weights.external_data.add(key="location", value=f"../{EVIL}")
    if deed != "missing":
        save(proto, path)
    found = run_cli("inspect", path) if deed == "missing" else invoke("inspect", path)
    assert found.code == 2
    assert says in found.err
    assert found.err.count("\n") == 1
    assert_tame(found.err)


def test_what_is_said_is_printable_whoever_wrote_it() -> None:
    """output.py: ``terminal_text.lines`` in ``say``; names that are no UTF-8 do not stop it."""
    assert lines("a\x1b[0m\nb\udc80\t") == "a\\x1b[0m\nb\\udc80\\t"
    assert one_line("gewöhnlich – ‰ 重み") == "gewöhnlich – ‰ 重み"


def test_messages_have_an_end(tmp_path: Path) -> None:
    """main.py: ``short(str(error), MESSAGE_CHARACTERS)``; errors/text.py: ``quoted``."""
    endless = with_metadata(tiny_cnn_proto(), layout="x" * 100_000)
    found = invoke("inspect", save(endless, tmp_path / "m.onnx"))
    assert found.code == 2
    assert len(found.err) < 1000


# Reports tell nothing of folders above one's own


def test_paths_in_reports_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """provenance.py: ``relative`` in ``run_part``; words.py: in ``_word``."""
    (tmp_path / "home" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home" / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    here = tmp_path / "home" / "work"
    assert relative(str(here / "models" / "m.onnx")) == "models/m.onnx"
    assert relative(str(tmp_path / "home" / ".cache" / "j.db")) == "~/.cache/j.db"
    assert relative(str(tmp_path / "elsewhere" / "m.onnx")) == "m.onnx"
    assert relative("models/m.onnx") == "models/m.onnx"
    words = [
        "relcheck",
        "run",
        str(here / "m.onnx"),
        f"--json={tmp_path}/r.json",
        "--rates",
        "1e-6",
    ]
    monkeypatch.setattr("sys.argv", words)
    part = run_part(Stopwatch(1.0), here / "j.db", command_line())
    assert part.command == "relcheck run m.onnx --json=r.json --rates 1e-6"
    assert part.journal == "j.db"


def test_no_report_names_a_folder(tmp_path: Path) -> None:
    """The same, for whole reports."""
    (tmp_path / "secret").mkdir()
    model = tiny_cnn(tmp_path / "secret" / "m.onnx")
    data = tiny_data(tmp_path / "secret" / "d.npz")
    reports = [tmp_path / "secret" / name for name in ("r.json", "r.html")]
    arguments = ("--rates", "1e-3", "--precision", "0.3", "--journal", tmp_path / "secret" / "j.db")
    found = invoke(model, "--data", data, *arguments, "--json", reports[0], "--html", reports[1])
    assert found.code == 0
    for report in reports:
        assert "secret" not in report.read_text("utf-8")
    assert "secret" not in found.out
