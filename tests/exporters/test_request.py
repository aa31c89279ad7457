"""What a user writes after ``relcheck export``, read without torch."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.did_you_mean import nearest
from analyzer.errors import BadNetwork, BadOption, TorchMissing
from analyzer.model import Preprocessing
from exporters.torch.export import scaled
from exporters.torch.factory import load_module, make
from exporters.torch.optional_package import need
from exporters.torch.source import Source, SourceKind, parse_shape, parse_source
from exporters.torch.zoo import Recommendation


@pytest.fixture(autouse=True)
def path_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of a file bring its folder into the path, where other tests would find ``numpy``."""
    monkeypatch.setattr(sys, "path", list(sys.path))


RESNET = Recommendation(224, Preprocessing("NCHW", resize=256, crop=224), bicubic=False)


@pytest.mark.parametrize(
    "text",
    ["", "resnet50", ":", "torchvision:", ":build", "a b:build", "nets/mine:build", "x.py:1st"],
)
def test_texts_that_name_no_network(text: str) -> None:
    with pytest.raises(BadNetwork):
        parse_source(text)


def test_a_path_may_hold_colons() -> None:
    assert parse_source("a:b/c.py:net") == Source(SourceKind.FILE, "a:b/c.py", "net")


@given(st.tuples(st.integers(1, 4), st.integers(1, 4000), st.integers(1, 4000)))
def test_shapes_are_read_as_written(shape: tuple[int, int, int]) -> None:
    assert parse_shape("x".join(map(str, shape))) == shape


@pytest.mark.parametrize("text", ["", "x", "0", "-5", "224x", "3x0x5", "1x2x3x4", "8.5", "99999"])
def test_texts_that_are_no_shape(text: str) -> None:
    with pytest.raises(BadOption):
        parse_shape(text)


@given(st.lists(st.text("abcdef_.0123456789", min_size=4), min_size=1), st.data())
def test_the_nearest_of_names_is_the_name_itself(names: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([n for n in names if n.strip("_.")] or ["resnet"]))
    found = nearest(name, [*names, "resnet"])
    assert found is not None
    assert found.translate({95: "", 46: ""}) == name.translate({95: "", 46: ""})


@pytest.mark.parametrize(
    ("shape", "resize", "crop"),
    [((3, 224, 224), 256, 224), ((3, 112, 112), 128, 112), ((3, 75, 75), 86, 75)],
)
def test_resizing_keeps_the_proportion(shape: tuple[int, int, int], resize: int, crop: int) -> None:
    found = scaled(RESNET, shape)
    assert (found.resize, found.crop) == (resize, crop)


def test_an_input_that_is_no_square_is_not_cropped() -> None:
    found = scaled(RESNET, (3, 360, 480))
    assert (found.resize, found.crop, found.mean) == (None, None, RESNET.preprocessing.mean)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(TorchMissing, match=r"package torch is not .*relcheck-onnx\[export\]"):
        need("torch")


def test_a_missing_package_of_a_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outer_package.py").write_text("import inner_package_that_is_not_there")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TorchMissing, match=r"outer_package \(which needs inner_package"):
        need("outer_package")


def source_in(folder: Path, code: str, name: str = "build") -> Source:
    path = folder / "own.py"
    path.write_text(code)
    return parse_source(f"{path}:{name}")


class Finished:
    """Stands for torch.nn.Module, which `make` is told."""


def made(source: Source, classes: int | None = None) -> object:
    return make(getattr(load_module(source), source.name), source, classes, Finished)


def test_a_factory_is_called(tmp_path: Path) -> None:
    assert made(source_in(tmp_path, "def build(): return 5")) == 5


def test_a_class_is_called(tmp_path: Path) -> None:
    found = made(source_in(tmp_path, "class build:\n    size = 3"))
    assert getattr(found, "size", None) == 3


def test_a_factory_is_told_the_classes(tmp_path: Path) -> None:
    code = "def build(num_classes=10): return num_classes"
    assert (made(source_in(tmp_path, code)), made(source_in(tmp_path, code), 7)) == (10, 7)


def test_a_factory_that_takes_no_classes(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="no parameter num_classes"):
        made(source_in(tmp_path, "def build(): return 5"), 7)


def test_a_module_finds_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour_of_own.py").write_text("VALUE = 11")
    code = "from neighbour_of_own import VALUE\ndef build(): return VALUE"
    assert made(source_in(tmp_path, code)) == 11


def test_a_file_called_like_a_package_in_use(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("def build(): return 'mine'")
    before = sys.modules["numpy"]
    assert made(parse_source(f"{tmp_path / 'numpy.py'}:build")) == "mine"
    assert sys.modules["numpy"] is before


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("build = 5", "is a int; name a function or class"),
        ("def build(): return 1 / 0", r"fails: ZeroDivisionError"),
        ("def build(size): return size", r"fails: TypeError"),
        ("import no_such_module_at_all", "no module no_such_module_at_all"),
        ("raise ValueError('two\\nlines')", r"imported: ValueError \(two lines\)"),
        ("def build(: pass", "imported: SyntaxError"),
        ("import sys; sys.exit(3)", "imported: SystemExit"),
    ],
)
def test_what_is_wrong_with_a_module_is_said(tmp_path: Path, code: str, says: str) -> None:
    with pytest.raises(BadNetwork, match=says):
        made(source_in(tmp_path, code))


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadNetwork, match="there is no Python file"):
        made(parse_source(f"{tmp_path / 'nowhere.py'}:build"))
    with pytest.raises(BadNetwork, match="no module nowhere_at_all"):
        made(parse_source("nowhere_at_all.nets:build"))
