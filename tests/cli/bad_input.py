"""Every bad input this project knows: how to make one, its slug, and what the message must say."""

import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from tests.support import (
    invoke,
    parse_model,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    tiny_data,
    tiny_images,
    with_metadata,
)

Arguments = Sequence[str | Path]
Maker = Callable[[Path], Arguments]


@dataclass(frozen=True)
class BadInput:
    """One bad input.

    Attributes:
        slug: Of the message.
        says: A part of the message.
        make: Writes what it takes into a folder; returns the arguments of ``relcheck run``.
    """

    slug: str
    says: str
    make: Maker


CASES: dict[str, BadInput] = {}


def bad(slug: str, says: str) -> Callable[[Maker], Maker]:
    """Register a case under its function's name."""

    def register(make: Maker) -> Maker:
        CASES[make.__name__] = BadInput(slug, says, make)
        return make

    return register


def _add(name: str, slug: str, says: str, make: Maker) -> None:
    CASES[name] = BadInput(slug, says, make)


def good(folder: Path) -> Arguments:
    """The arguments of a run that succeeds, to be spoilt by more."""
    return [tiny_cnn(folder / "good.onnx"), "--data", tiny_data(folder / "good_data.npz")]


def _text(folder: Path, text: str) -> Arguments:
    header = '<ir_version: 8, opset_import: ["" : 17]>'
    return [save(parse_model(header + text), folder / "bad.onnx")]


def _changed(folder: Path, change: Callable[[onnx.ModelProto], object]) -> Arguments:
    proto = tiny_cnn_proto()
    change(proto)
    return [save(proto, folder / "bad.onnx")]


# Models: files


@bad("file-missing", "there is no file")
def no_such_model(folder: Path) -> Arguments:
    return [folder / "nowhere.onnx"]


@bad("file-missing", "is a folder, not an ONNX file")
def folder_as_model(folder: Path) -> Arguments:
    return [folder]


@bad("not-onnx", "holds no ONNX graph")
def empty_file(folder: Path) -> Arguments:
    (folder / "bad.onnx").write_bytes(b"")
    return [folder / "bad.onnx"]


@bad("not-onnx", "is not an ONNX file")
def text_file(folder: Path) -> Arguments:
    (folder / "bad.onnx").write_text("This is a letter, not a network.\n" * 20)
    return [folder / "bad.onnx"]


@bad("not-onnx", "is not an ONNX file")
def archive_as_model(folder: Path) -> Arguments:
    return [tiny_data(folder / "data.npz")]


for _suffix, _says in {
    ".tflite": "python -m tf2onnx.convert --tflite",
    ".h5": "keras.saving.load_model",
    ".keras": "format='onnx'",
    ".pt": "relcheck export",
    ".pth": "relcheck export",
    ".safetensors": "optimum-cli export onnx",
    ".pb": "python -m tf2onnx.convert --saved-model",
    ".ort": "give the ONNX file that it was made from",
    ".pdmodel": "paddle2onnx",
    ".pkl": "skl2onnx.to_onnx",
    ".engine": "no command leads back",
    ".xml": "give the ONNX file that it was converted from",
    ".mlmodel": "export the original network",
    ".onnx_data": "give the .onnx file beside it",
}.items():

    def _other(folder: Path, suffix: str = _suffix) -> Arguments:
        (folder / f"net{suffix}").write_bytes(b"another format" * 9)
        return [folder / f"net{suffix}"]

    _add(f"model {_suffix}", "not-onnx", _says, _other)


@bad("not-onnx", "it looks like TensorFlow Lite, which becomes ONNX by the command")
def another_format_under_the_name_of_onnx(folder: Path) -> Arguments:
    (folder / "net.onnx").write_bytes(b"\x20\0\0\0TFL3" + bytes(100))
    return [folder / "net.onnx"]


@bad("not-onnx", "git lfs pull")
def pointer_of_git_lfs(folder: Path) -> Arguments:
    (folder / "net.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
    return [folder / "net.onnx"]


@bad("not-onnx", "it looks like a web page")
def web_page(folder: Path) -> Arguments:
    (folder / "net.onnx").write_text("<!DOCTYPE html><html><body>404</body></html>")
    return [folder / "net.onnx"]


@bad("file-missing", "python -m tf2onnx.convert --saved-model")
def saved_model_folder(folder: Path) -> Arguments:
    (folder / "net").mkdir()
    (folder / "net" / "saved_model.pb").write_bytes(b"")
    return [folder / "net"]


@bad("file-missing", "give a file in it, like")
def folder_of_models(folder: Path) -> Arguments:
    (folder / "net").mkdir()
    tiny_cnn(folder / "net" / "model.onnx")
    return [folder / "net"]


@bad("not-onnx", "cut short")
def truncated_model(folder: Path) -> Arguments:
    content = tiny_cnn_proto().SerializeToString()
    (folder / "bad.onnx").write_bytes(content[: len(content) // 2])
    return [folder / "bad.onnx"]


# Models: what they are written in


@bad("unsupported-model", "opset 9999")
def unknown_opset(folder: Path) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        proto.opset_import[0].version = 9999

    return _changed(folder, change)


@bad("unsupported-model", "higher than the checker's")
def ir_version_of_the_future(folder: Path) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        proto.ir_version = 9999

    return _changed(folder, change)


@bad("unsupported-model", "Frobnicate")
def unknown_operator(folder: Path) -> Arguments:
    return _text(
        folder,
        "g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}> {"
        " z = Mul (x, w) y = Frobnicate (z) }",
    )


@bad("unsupported-model", "acme:Widen")
def unknown_domain(folder: Path) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        proto.opset_import.add(domain="acme", version=1)
        proto.graph.node[1].domain = "acme"
        proto.graph.node[1].op_type = "Widen"

    return _changed(folder, change)


@bad("invalid-model", "topologically sorted")
def value_from_nowhere(folder: Path) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        proto.graph.node[1].input[0] = "nowhere"

    return _changed(folder, change)


@bad("invalid-model", "conv_w")
def weights_too_short(folder: Path) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        weights = proto.graph.initializer[0]
        weights.raw_data = weights.raw_data[:-4]

    return _changed(folder, change)


@bad("too-large", "nests graphs and functions more than")
def bottomless_model(folder: Path) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        graph = proto.graph
        for _ in range(20):
            deeper = onnx.GraphProto(name="deeper", node=[graph.node[0]])
            graph.node.add(op_type="If").attribute.add(name="then_branch", g=deeper)
            graph = graph.node[-1].attribute[0].g

    return _changed(folder, change)


@bad("too-large", "a name of 5,000 characters")
def endless_name(folder: Path) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        proto.graph.initializer[0].name = "w" * 5000

    return _changed(folder, change)


# Models: external data


def _external(folder: Path, **entries: str) -> Arguments:
    def change(proto: onnx.ModelProto) -> None:
        weights = proto.graph.initializer[0]
        weights.ClearField("raw_data")
        weights.data_location = onnx.TensorProto.EXTERNAL
        for key, value in entries.items():
            weights.external_data.add(key=key, value=value)

    return _changed(folder, change)


def _beside(folder: Path, size: int = 108) -> Path:
    (folder / "weights.bin").write_bytes(bytes(size))
    return folder / "weights.bin"


@bad("external-data", "is not beside the model")
def external_data_missing(folder: Path) -> Arguments:
    return _external(folder, location="weights.bin")


@bad("external-data", "outside the model's folder")
def external_data_in_parent_folder(folder: Path) -> Arguments:
    (folder / "model").mkdir()
    _beside(folder)
    return _external(folder / "model", location="../weights.bin")


@bad("external-data", "outside the model's folder")
def external_data_in_parent_folder_by_detour(folder: Path) -> Arguments:
    (folder / "model").mkdir()
    _beside(folder)
    return _external(folder / "model", location="deep/../../weights.bin")


@bad("external-data", "outside the model's folder")
def external_data_at_absolute_path(folder: Path) -> Arguments:
    return _external(folder, location=str(_beside(folder)))


@bad("external-data", "outside the model's folder")
def external_data_behind_a_link(folder: Path) -> Arguments:
    (folder / "model").mkdir()
    os.symlink(_beside(folder), folder / "model" / "weights.bin")
    return _external(folder / "model", location="weights.bin")


@bad("external-data", "outside the model's folder")
def external_data_without_location(folder: Path) -> Arguments:
    return _external(folder, offset="0")


@bad("external-data", "outside the model's folder")
def external_data_of_an_impossible_name(folder: Path) -> Arguments:
    return _external(folder, location="weights\0.bin")


@bad("external-data", "outside the model's folder")
def external_data_of_an_endless_name(folder: Path) -> Arguments:
    return _external(folder, location="w" * 5000)


@bad("external-data", "cut short")
def external_data_too_short(folder: Path) -> Arguments:
    _beside(folder, 50)
    return _external(folder, location="weights.bin", length="108")


@bad("external-data", "cut short")
def external_data_beyond_the_end(folder: Path) -> Arguments:
    _beside(folder)
    return _external(folder, location="weights.bin", offset="5000")


@bad("external-data", "negative")
def external_data_before_the_start(folder: Path) -> Arguments:
    _beside(folder)
    return _external(folder, location="weights.bin", offset="-4")


@bad("external-data", "no number")
def external_data_at_a_word(folder: Path) -> Arguments:
    _beside(folder)
    return _external(folder, location="weights.bin", offset="four")


# Models: inputs and outputs


@bad("unsupported-signature", "the model has no input")
def no_inputs(folder: Path) -> Arguments:
    return _text(folder, "g () => (float[3] y) <float[3] w = {1, 2, 3}> { y = Relu (w) }")


@bad("unsupported-signature", "insist on batches of different sizes: 2, 3")
def two_batch_sizes(folder: Path) -> Arguments:
    return _text(
        folder,
        "g (float[2, 3] a, float[3, 3] b) => (float[2, 3] y) <float[3] w = {1, 2, 3}> {"
        " c = ReduceSum <keepdims = 1> (b) d = Add (a, c) y = Mul (d, w) }",
    )


def _sized(folder: Path, item: str) -> Arguments:
    text = "g (float[N, ITEM] x) => (float[N, ITEM] y) <float w = {2}> { y = Mul (x, w) }"
    return _text(folder, text.replace("ITEM", item))


@bad("unsupported-signature", "takes none of the usual sizes")
def dynamic_shape(folder: Path) -> Arguments:
    sides = "(float[N, 1, H, W] x) => (float[N, 1] y) <float[5, 1] w = {1, 2, 3, 4, 5}>"
    return _text(folder, f"g {sides} {{ f = Flatten (x) y = MatMul (f, w) }}")


@bad("unsupported-signature", "too large")
def enormous_shape(folder: Path) -> Arguments:
    return _sized(folder, "3, 100000, 100000")


@bad("unsupported-signature", "no batch dimension")
def scalar_input(folder: Path) -> Arguments:
    return _text(folder, "g (float x) => (float y) <float w = {2}> { y = Mul (x, w) }")


@bad("unsupported-signature", "a tensor of string")
def text_input(folder: Path) -> Arguments:
    return _text(folder, "g (string[N] x) => (string[N] y) <float w = {2}> { y = Identity (x) }")


@bad("golden-failed", "one row per image")
def output_without_batch(folder: Path) -> Arguments:
    return _text(
        folder,
        "g (float[N, 3] x) => (float y) <float[3] w = {1, 2, 3}> {"
        " z = Mul (x, w) y = ReduceSum <keepdims = 0> (z) }",
    )


@bad("not-repeatable", "RandomNormalLike draws random numbers")
def random_answer(folder: Path) -> Arguments:
    return _text(
        folder,
        "g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}> {"
        " z = Mul (x, w) r = RandomNormalLike (z) y = Add (z, r) }",
    )


@bad("unclear-answer", "uint8, which may name classes or measure something")
def bytes_without_a_meaning(folder: Path) -> Arguments:
    return _text(
        folder,
        "g (float[N, 3] x) => (uint8[N, 3] y) <float[3] w = {1, 2, 3}> {"
        " z = Mul (x, w) a = Abs (z) y = Cast <to = 2> (a) }",
    )


@bad("golden-failed", "use --batch 1")
def one_image_at_a_time(folder: Path) -> Arguments:
    asked = _text(
        folder,
        "g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}, int64[2] s = {1, 3}> {"
        " z = Mul (x, w) y = Reshape (z, s) }",
    )
    return [*asked, "--batch", "4"]


@bad("golden-failed", "NaN without any fault")
def golden_nan(folder: Path) -> Arguments:
    return _text(
        folder,
        "g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, -2, 3}> {"
        " z = Log (w) y = Mul (x, z) }",
    )


@bad("golden-failed", "cannot be reshaped")
def golden_run_fails(folder: Path) -> Arguments:
    return _text(
        folder,
        "g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}, int64[2] s = {7, 5}> {"
        " z = Mul (x, w) y = Reshape (z, s) }",
    )


@bad("nothing-at-risk", "stores no weights")
def no_initializers(folder: Path) -> Arguments:
    return _text(folder, "g (float[N, 3] x) => (float[N, 3] y) { y = Relu (x) }")


# Models: metadata


def _metadata(key: str, value: str) -> Maker:
    def make(folder: Path) -> Arguments:
        return [save(with_metadata(tiny_cnn_proto(), **{key: value}), folder / "bad.onnx")]

    return make


for _key, _value in {
    "layout": "CHW",
    "color": "grey",
    "resize": "-3",
    "crop": "half",
    "scale": "nan",
    "mean": "0.5,?",
    "std": "0",
}.items():
    _add(f"metadata_{_key}", "bad-metadata", repr(_value), _metadata(_key, _value))
_add("metadata_data_outside", "bad-metadata", "outside", _metadata("data", "../data.npz"))
_add("metadata_data_impossible", "bad-metadata", "outside", _metadata("data", "a\0b"))


# Data sets


def _npz(folder: Path, **arrays: object) -> Arguments:
    np.savez(folder / "bad.npz", **arrays)  # type: ignore[arg-type]  # any array-like is written
    return [tiny_cnn(folder / "good.onnx"), "--data", folder / "bad.npz"]


def _archive(folder: Path, content: bytes) -> Arguments:
    (folder / "bad.npz").write_bytes(content)
    return [tiny_cnn(folder / "good.onnx"), "--data", folder / "bad.npz"]


LABELS = np.zeros(8, np.int64)


@bad("file-missing", "there is no data set")
def no_such_data(folder: Path) -> Arguments:
    return [tiny_cnn(folder / "good.onnx"), "--data", folder / "nowhere.npz"]


@bad("bad-data", "no key 'images' or 'image' (its keys: labels, pictures)")
def no_images_key(folder: Path) -> Arguments:
    return _npz(folder, labels=LABELS, pictures=tiny_images(8))


@bad("bad-data", "holds no images")
def no_images(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8)[:0], labels=LABELS[:0])


@bad("bad-data", "holds no images")
def images_without_pixels(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8)[:, :0], labels=LABELS)


@bad("bad-data", "no array of images")
def images_are_a_number(folder: Path) -> Arguments:
    return _npz(folder, images=np.uint8(3))


@bad("bad-data", "cannot be read as an .npz file")
def pickled_images(folder: Path) -> Arguments:
    return _npz(folder, images=np.array([b"import os", None], object))


@bad("bad-data", "cannot be read as an .npz file")
def pickled_labels(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8), labels=np.array([None] * 8, object))


@bad("bad-data", "cannot be read as an .npz file")
def text_as_npz(folder: Path) -> Arguments:
    return _archive(folder, b"no archive")


@bad("bad-data", "cannot be read as an .npz file")
def npy_as_npz(folder: Path) -> Arguments:
    np.save(folder / "images.npy", tiny_images(8))
    return _archive(folder, (folder / "images.npy").read_bytes())


@bad("bad-data", "cannot be read as an .npz file")
def truncated_npz(folder: Path) -> Arguments:
    content = tiny_data(folder / "whole.npz").read_bytes()
    return _archive(folder, content[: len(content) // 2])


@bad("bad-data", "cannot be read as an .npz file")
def damaged_npz(folder: Path) -> Arguments:
    np.savez_compressed(folder / "whole.npz", images=tiny_images(64))
    content = bytearray((folder / "whole.npz").read_bytes())
    content[200:300] = b"\xff" * 100
    return _archive(folder, bytes(content))


@bad("bad-data", "cannot be read as an .npz file")
def npz_that_promises_too_much(folder: Path) -> Arguments:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 6, 6, 1)}" % 10**14
    with zipfile.ZipFile(folder / "huge.npz", "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00v\x00" + header.ljust(117) + b"\n")
    return _archive(folder, (folder / "huge.npz").read_bytes())


@bad("bad-data", "cannot be read as an .npz file")
def npz_of_plain_bytes(folder: Path) -> Arguments:
    with zipfile.ZipFile(folder / "plain.npz", "w") as archive:
        archive.writestr("images", b"not an array")
    return _archive(folder, (folder / "plain.npz").read_bytes())


@bad("data-mismatch", "8 images but 5 labels")
def too_few_labels(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8), labels=LABELS[:5])


@bad("data-mismatch", "label 4 has no class: the model scores classes 0..3")
def label_too_high(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8), labels=LABELS + 4)


@bad("data-mismatch", "label -1 has no class")
def label_negative(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8), labels=LABELS - 1)


@bad("data-mismatch", "must be one integer per image")
def labels_fractional(folder: Path) -> Arguments:
    arguments = _npz(folder, images=tiny_images(8), labels=LABELS + 0.5)
    return [*arguments, "--metric", "top1"]


@bad("data-mismatch", "do not have the 1 channels")
def color_images_for_a_grey_model(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8).repeat(3, axis=-1), labels=LABELS)


@bad("data-mismatch", "have shape (1, 5, 5)")
def floats_of_another_shape(folder: Path) -> Arguments:
    return _npz(folder, images=np.zeros((8, 1, 5, 5), np.float32), labels=LABELS)


@bad("data-mismatch", "they must be uint8 or float")
def images_of_long_integers(folder: Path) -> Arguments:
    return _npz(folder, images=tiny_images(8).astype(np.int64), labels=LABELS)


@bad("data-mismatch", "they must be uint8 or float")
def images_of_16_bits(folder: Path) -> Arguments:
    images = tiny_images(8).reshape(8, 1, 6, 6).astype(np.uint16)
    return _npz(folder, images=images, labels=LABELS)


@bad("data-mismatch", "they must be uint8")
def floats_for_a_uint8_model(folder: Path) -> Arguments:
    model = _text(
        folder,
        "g (uint8[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}> {"
        " z = Cast <to = 1> (x) y = Mul (z, w) }",
    )
    np.savez(folder / "bad.npz", images=np.full((8, 3), 0.5, np.float32))
    return [*model, "--data", folder / "bad.npz"]


@bad("data-mismatch", "takes no images")
def images_for_a_model_of_vectors(folder: Path) -> Arguments:
    np.savez(folder / "bad.npz", images=tiny_images(8))
    return [*_sized(folder, "3"), "--data", folder / "bad.npz"]


@bad("golden-failed", "check the data")
def images_of_nan(folder: Path) -> Arguments:
    return _npz(folder, images=np.full((8, 1, 6, 6), np.nan, np.float32), labels=LABELS)


@bad("data-mismatch", "mean has 2 values for 1 channels")
def mean_of_another_channel_count(folder: Path) -> Arguments:
    return [*good(folder), "--mean", "0.5,0.5"]


@bad("data-mismatch", "smaller than the crop of 99")
def crop_larger_than_images(folder: Path) -> Arguments:
    return [*good(folder), "--crop", "99"]


def _folder(folder: Path, *classes: str) -> Arguments:
    for name in classes:
        (folder / "images" / name).mkdir(parents=True)
        pixels = tiny_images(1)[0, ..., 0]
        Image.fromarray(pixels).save(folder / "images" / name / "one.png")
    return [tiny_cnn(folder / "good.onnx"), "--data", folder / "images"]


@bad("bad-data", "holds no images in class sub-folders")
def image_folder_without_images(folder: Path) -> Arguments:
    arguments = _folder(folder, "cat")
    (folder / "images" / "cat" / "one.png").rename(folder / "images" / "one.heic")
    return arguments


@bad("bad-data", "one.png cannot be read: it is damaged, or no picture")
def images_that_are_none(folder: Path) -> Arguments:
    arguments = _folder(folder, "a", "b", "c", "d")
    for name in "abcd":
        (folder / "images" / name / "one.png").write_bytes(b"no picture")
    return arguments


@bad("data-mismatch", "'emou' is called like none (did you mean emu?)")
def folder_that_is_no_class_of_the_model(folder: Path) -> Arguments:
    arguments = _folder(folder, "cat", "emou")
    proto = with_metadata(tiny_cnn_proto(), labels="dog,cat,emu,ant")
    return [save(proto, folder / "good.onnx"), *arguments[1:]]


@bad("bad-data", "give the folder that it lies in")
def picture_as_data(folder: Path) -> Arguments:
    model, _, images = _folder(folder, "cat")
    return [model, "--data", Path(images) / "cat" / "one.png"]


@bad("file-missing", "there is no list of labels")
def no_such_list(folder: Path) -> Arguments:
    return [*_folder(folder, "cat"), "--labels", folder / "nowhere.csv"]


@bad("bad-data", "no image of the folder is in")
def list_of_other_images(folder: Path) -> Arguments:
    (folder / "labels.csv").write_text("two.png,1\n")
    return [*_folder(folder, "cat"), "--labels", folder / "labels.csv"]


@bad("bad-option", "--labels is for folders of images")
def list_for_an_archive(folder: Path) -> Arguments:
    (folder / "labels.csv").write_text("one.png,1\n")
    return [*good(folder), "--labels", folder / "labels.csv"]


@bad("data-mismatch", "2 classes, numbered by their order, and the model scores 4")
def too_few_class_folders(folder: Path) -> Arguments:
    return _folder(folder, "cat", "dog")


@bad("data-mismatch", "label 4 has no class")
def too_many_class_folders(folder: Path) -> Arguments:
    return _folder(folder, "a", "b", "c", "d", "e")


# Requests: rates, gates, options


def _with_table(name: str, content: str | bytes) -> Maker:
    """A run whose table of critical confusions is this one."""

    def make(folder: Path) -> Arguments:
        table = folder / name
        table.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [*good(folder), "--severity", table]

    return make


def _good_but(*spoilt: str) -> Maker:
    return lambda folder: [*good(folder), *spoilt]


for _rates in ("0", "1", "1.5", "-1e-6", "nan", "inf", "1e-400", "0..1e-3", "1e-3..1", "often"):
    _add(f"rates {_rates}", "bad-rates", "not a bit error rate", _good_but("--rates", _rates))
for _rates in ("", " ", ","):
    _add(f"rates {_rates!r}", "bad-rates", "holds no rate", _good_but("--rates", _rates))
for _rates in ("..", "1e-6..", "..1e-6", "1e-7..1e-6..1e-5"):
    _add(f"rates {_rates}", "bad-rates", "write rates like", _good_but("--rates", _rates))
_add("rates reversed", "bad-rates", "runs backwards", _good_but("--rates", "1e-5..1e-7"))
_add("rates twice", "bad-rates", "twice", _good_but("--rates", "1e-6,1e-06"))

for _gate, _says in {
    "f3 >= 0.9 @ 1e-6": "unknown metric 'f3'",
    "": "cannot be read",
    "top1": "cannot be read",
    "top1 >= 0.9": "cannot be read",
    "top1 > 0.9 @ 1e-6": "cannot be read",
    "top1 >= e @ 1e-6": "no number",
    "top1 >= 0.9 @ 1e": "no number",
    "top1 >= 90 @ 1e-6": "a fraction from 0 to 1",
    "top1 >= -0.1 @ 1e-6": "a fraction from 0 to 1",
    "top1 >= 0.9 @ 0": "above 0 and below 1",
    "top1 >= 0.9 @ 1": "above 0 and below 1",
    "top5 >= 0.9 @ 1e-3": "this campaign measures top1",
    "agreement >= 0.9 @ 1e-3": "this campaign measures top1",
}.items():
    _add(f"gate {_gate!r}", "bad-gate", _says, _good_but("--gate", _gate))

for _name, _table, _says in (
    ("s.csv", "0,1,awful\n", "severity 'awful' is unknown; use critical or non-critical"),
    ("s.csv", "0\n", "line 1: '0' is no confusion"),
    ("s.csv", "0,1,non-critical\n", "calls no confusion critical"),
    ("s.csv", "0,1\n0,1,non-critical\n", "s.csv, line 1 and"),
    ("s.csv", "0,*\n*,1,non-critical\n", "contradict one another on '0' as '1'"),
    ("s.csv", "2,2\n", "'2' as '2' is no confusion: it is the same class"),
    ("s.csv", "0,4\n", "there is no class 4: the model has 4 classes, from 0"),
    ("s.csv", "0,stop\n", "relcheck annotate MODEL --labels writes the names"),
    ("s.csv", b"0,1\xff\n", "cannot be read as text"),
    ("s.toml", "[critical\n", "is no TOML"),
    ("s.toml", "[dangerous]\n0 = '1'\n", "'dangerous' is none of its tables"),
    ("s.toml", "[critical]\n0 = [true]\n", "'0' has no list of classes"),
    ("s.toml", "", "calls no confusion critical"),
):
    _add(f"severity {_table!r}", "bad-severity-table", _says, _with_table(_name, _table))

_add(
    "no severity table",
    "bad-severity-table",
    "there is no severity table nowhere.csv",
    _good_but("--severity", "nowhere.csv"),
)

for _option, _value, _says in (
    ("--exposure", "forever", "--exposure 'forever'"),
    ("--encoding", "q8", "--encoding 'q8'"),
    ("--fault", "burst:99", "K from 2 to 64"),
    ("--fault", "burst", "not a fault model"),
    ("--kinds", "weight,foo", "--kinds 'foo'"),
    ("--kinds", "", "--kinds ''"),
    ("--metric", "f1", "use top1, top5, miou"),
    ("--images", "0", "--images 0"),
    ("--batch", "0", "--batch 0"),
    ("--precision", "0", "--precision '0'"),
    ("--precision", "nan", "--precision 'nan'"),
    ("--confidence", "1", "--confidence '1'"),
    ("--budget", "soon", "a duration like"),
    ("--budget", "0s", "--budget 0"),
    ("--seed", "-1", "--seed -1"),
    ("--device", "toaster", "--device 'toaster'"),
    ("--device", "cuda:", "--device 'cuda:'"),
    ("--device", "cpu:1", "there is one cpu"),
    ("--device", "azure", "use auto, cpu, cuda"),
    ("--jobs", "-1", "--jobs -1"),
    ("--shard", "half", "a share like 2/8"),
    ("--shard", "0/8", "a share like 2/8"),
    ("--shard", "9/8", "a share like 2/8"),
    ("--layout", "CHW", "NCHW or NHWC"),
    ("--color", "grey", "RGB or BGR"),
    ("--scale", "nan", "--scale 'nan'"),
    ("--mean", "a,b", "numbers separated by commas"),
    ("--std", "0", "none of them 0"),
    ("--resize", "0", "a number of pixels"),
    ("--crop", "1000000", "a number of pixels"),
    ("--scale", "1/0", "--scale '1/0'"),
    ("--scale", "1/2/3", "like 0.5 or 1/255"),
    ("--color", "BGR", "--color has no effect: the model takes float32 images of 1 channel"),
    ("--expect", "0.9", "write a metric and a share, like top1=0.91"),
    ("--expect", "top1=91", "write a metric and a share, like top1=0.91"),
    ("--expect", "top5=0.9", "this run measures top1"),
):
    _add(f"{_option} {_value!r}", "bad-option", _says, _good_but(_option, _value))


@bad("bad-option", "--batch 8 contradicts the model, which fixes batches of 4")
def batch_against_the_model(folder: Path) -> Arguments:
    return [tiny_cnn(folder / "good.onnx", batch=4), "--batch", "8"]


@bad("bad-option", "--mean has no effect: there is no data set")
def preprocessing_of_random_numbers(folder: Path) -> Arguments:
    return [tiny_cnn(folder / "good.onnx"), "--mean", "0.5"]


@bad("bad-option", "--scale and --mean have no effect: bad.npz holds float32 arrays")
def preprocessing_of_arrays(folder: Path) -> Arguments:
    arguments = _npz(folder, images=np.zeros((8, 1, 6, 6), np.float32), labels=LABELS)
    return [*arguments, "--mean", "0.5", "--scale", "1"]


@bad("unexpected-accuracy", "and 40 % was expected: the model is most likely fed otherwise")
def accuracy_that_is_elsewhere(folder: Path) -> Arguments:
    return [*good(folder), "--expect", "top1=0.4"]


@bad("bad-option", "--metric top1 needs labelled data")
def accuracy_without_labels(folder: Path) -> Arguments:
    return [tiny_cnn(folder / "good.onnx"), "--metric", "top1"]


_add(
    "device that is not there",
    "device-unavailable",
    "--device openvino needs OpenVINOExecutionProvider",
    _good_but("--device", "openvino"),
)
_add("include nothing", "empty-selection", "none of the 4", _good_but("--include", "zzz*"))
_add(
    "exclude what is not there",
    "empty-selection",
    "--exclude 'conv_v' matches none of the 4 tensors in scope (did you mean conv_w?)",
    _good_but("--exclude", "conv_v"),
)
_add("exclude everything", "empty-selection", "none of the 4", _good_but("--exclude", "*"))
_add("kinds of none", "empty-selection", "none of the 4", _good_but("--kinds", "zero-point"))


# Requests: words that no command takes


for _words, _says in {
    ("--rate", "1e-6"): "relcheck run has no option --rate (did you mean --rates?)",
    ("--rate=1e-6",): "relcheck run has no option --rate (did you mean --rates?)",
    ("--margin", "0.1"): "relcheck run has no option --margin (relcheck map has)",
    ("--frobnicate",): "relcheck run has no option --frobnicate; relcheck run --help",
    ("-j", "2"): "relcheck run has no option -j",
    ("--rates",): "--rates needs a value",
    ("more.onnx",): "'more.onnx' is more than relcheck run takes",
    ("--\x1b[2J",): "has no option --\\x1b[2J",
}.items():
    _add(f"words {_words}", "bad-command-line", _says, _good_but(*_words))
for _words, _says in {
    ("--seed", "many"): "--seed 'many': input should be a valid integer",
    ("--precision=x",): "--precision 'x': write a fraction like 0.01, or percent like 1%",
}.items():
    _add(f"words {_words}", "bad-option", _says, _good_but(*_words))


# Requests: configuration files


def _config(content: str | bytes) -> Maker:
    def make(folder: Path) -> Arguments:
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / "bad.toml").write_bytes(raw)
        return [*good(folder), "--config", folder / "bad.toml"]

    return make


for _content, _says in {
    "speed = 1": "'speed' is no setting of relcheck run",
    'gates = "x"': "(did you mean gate?)",
    "json_path = 'x'": "'json_path' is no setting of relcheck run",
    "rates = ": "is no TOML",
    "rates = true": "rates True",
    'batch = "many"': "batch 'many'",
    "budget = -3": "budget -3",
    "gate = [1]": "gate 1",
    'kinds = ["weight", "foo"]': "kinds 'foo'",
    'mean = [1, "a"]': "numbers separated by commas",
    "scale = inf": "scale inf",
}.items():
    _add(f"config {_content!r}", "bad-config", _says, _config(_content))
_add("config of bytes", "bad-config", "cannot be read", _config(b"\xff\xfe\x00"))


@bad("bad-config", "there is no configuration file")
def no_such_config(folder: Path) -> Arguments:
    return [*good(folder), "--config", folder / "nowhere.toml"]


@bad("bad-config", "cannot be read")
def folder_as_config(folder: Path) -> Arguments:
    return [*good(folder), "--config", folder]


# Requests: outputs


@bad("unwritable-output", "there is no folder")
def output_in_missing_folder(folder: Path) -> Arguments:
    return [*good(folder), "--json", folder / "nowhere" / "report.json"]


@bad("unwritable-output", "there is no folder")
def output_below_a_file(folder: Path) -> Arguments:
    return [*good(folder), "--html", folder / "good.onnx" / "report.html"]


@bad("unwritable-output", "is a folder")
def output_is_a_folder(folder: Path) -> Arguments:
    return [*good(folder), "--html", folder]


@bad("unwritable-output", "cannot be written: File name too long")
def output_of_an_endless_name(folder: Path) -> Arguments:
    return [*good(folder), "--json", folder / ("r" * 300)]


@bad("unwritable-output", "in use already")
def two_outputs_in_one(folder: Path) -> Arguments:
    target = folder / "report"
    return [*good(folder), "--json", target, "--html", target]


@bad("unwritable-output", "in use already")
def output_over_the_model(folder: Path) -> Arguments:
    return [*good(folder), "--json", folder / "good.onnx"]


@bad("unwritable-output", "in use already")
def output_over_the_data(folder: Path) -> Arguments:
    return [*good(folder), "--html", folder / "good_data.npz"]


# Requests: journals


@bad("journal-unusable", "is no journal")
def folder_as_journal(folder: Path) -> Arguments:
    (folder / "results").mkdir()
    return [*good(folder), "--journal", folder / "results"]


@bad("journal-unusable", "is no journal")
def model_as_journal(folder: Path) -> Arguments:
    return [*good(folder), "--journal", folder / "good.onnx"]


@bad("journal-unusable", "cannot be opened")
def journal_in_missing_folder(folder: Path) -> Arguments:
    return [*good(folder), "--journal", folder / "nowhere" / "journal.db"]


@bad("journal-mismatch", "belongs to another campaign: plan seed")
def journal_of_another_seed(folder: Path) -> Arguments:
    arguments = [*good(folder), "--rates", "1e-3", "--precision", "0.3"]
    arguments += ["--journal", folder / "journal.db"]
    assert invoke(*arguments).code == 0
    return [*arguments, "--seed", "1"]
