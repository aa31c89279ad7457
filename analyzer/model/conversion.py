"""Files of other frameworks: which command makes an ONNX file of them."""

import shlex
from dataclasses import dataclass
from pathlib import Path

BEGINNING = 64
"""Bytes of a file that tell its format."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format that is not ONNX.

    Attributes:
        name: What people call it.
        suffixes: Of its files.
        advice: The command that converts it, with ``{file}``, ``{folder}`` and ``{out}`` to fill
            in; or, where no command can, what to do instead.
        magic: Bytes with which its files begin, or none that tell.
        offset: Where these bytes stand.
        command: Whether the advice is a command.
    """

    name: str
    suffixes: tuple[str, ...]
    advice: str
    magic: bytes = b""
    offset: int = 0
    command: bool = True

    def sentence(self, path: Path) -> str:
        """The advice for one file, to be appended to a message."""
        places = {
            "file": shlex.quote(str(path)),
            "folder": shlex.quote(str(path.parent)),
            "out": shlex.quote(str(path.with_suffix(".onnx"))),
        }
        advice = self.advice.format(**places)
        if self.command:
            return f"; it looks like {self.name}, which becomes ONNX by the command: {advice}"
        return f"; it looks like {self.name}: {advice}"


_KERAS = (
    "python -c \"import keras; keras.saving.load_model('{file}').export('{out}', format='onnx')\""
)
_TORCH = (
    "relcheck export torchvision:NAME --weights {file} -o {out} (of your own network: "
    "path/to/module.py:factory in place of torchvision:NAME)"
)

FORMATS = (
    Format(
        "TensorFlow Lite",
        (".tflite", ".lite"),
        "python -m tf2onnx.convert --tflite {file} --output {out}",
        b"TFL3",
        4,
    ),
    Format("Keras", (".keras", ".h5", ".hdf5"), _KERAS, b"\x89HDF\r\n\x1a\n"),
    Format("PyTorch", (".pt", ".pth", ".ckpt"), _TORCH),
    Format(
        "safetensors",
        (".safetensors",),
        "optimum-cli export onnx --model {folder} {folder}/onnx (the folder with config.json)",
    ),
    Format(
        "TensorFlow",
        (".pb", ".pbtxt"),
        "python -m tf2onnx.convert --saved-model {folder} --output {out} (of a frozen graph: "
        "--graphdef {file} --inputs NAME:0 --outputs NAME:0)",
    ),
    Format(
        "PaddlePaddle",
        (".pdmodel", ".pdiparams"),
        "paddle2onnx --model_dir {folder} --model_filename NAME.pdmodel --params_filename "
        "NAME.pdiparams --save_file {out}",
    ),
    Format(
        "a pickled model, e.g. of scikit-learn",
        (".joblib", ".pkl", ".pickle"),
        "convert it in Python, where it can be loaded: skl2onnx.to_onnx(model, first_rows) of the "
        "package skl2onnx",
        command=False,
    ),
    Format(
        "ONNX Runtime's own format",
        (".ort",),
        "no command leads back; give the ONNX file that it was made from",
        b"ORTM",
        4,
        command=False,
    ),
    Format(
        "TensorRT",
        (".engine", ".plan", ".trt"),
        "no command leads back; give the ONNX file that it was built from",
        command=False,
    ),
    Format(
        "OpenVINO",
        (".xml",),
        "no command leads back; give the ONNX file that it was converted from",
        command=False,
    ),
    Format(
        "Core ML",
        (".mlmodel", ".mlpackage"),
        "export the original network to ONNX instead",
        command=False,
    ),
    Format(
        "a pointer that Git LFS leaves in place of a file",
        (),
        "fetch the file itself (git lfs pull)",
        b"version https://git-lfs",
        command=False,
    ),
    Format("a web page", (), "download the model itself", b"<!DOCTYPE html", command=False),
    Format(
        "the external data of an ONNX model",
        (".data", ".onnx_data", ".weights"),
        "give the .onnx file beside it, which names it",
        command=False,
    ),
)


def conversion_advice(path: Path, beginning: bytes) -> str:
    r"""Advice for a file that is no ONNX: a sentence to append, or nothing.

    Args:
        path: of the file.
        beginning: its first bytes, `BEGINNING` of them or fewer.

    >>> conversion_advice(Path("net.tflite"), b"")[:58]
    '; it looks like TensorFlow Lite, which becomes ONNX by the'
    >>> conversion_advice(Path("net.onnx"), b"no magic")
    ''
    """
    found = _by_content(beginning) or _by_name(path)
    return found.sentence(path) if found else ""


def folder_advice(folder: Path) -> str:
    """Advice for a folder that was given in place of a file: a sentence to append, or none."""
    if (folder / "saved_model.pb").is_file():
        return conversion_advice(folder / "saved_model.pb", b"")
    models = sorted(p.name for p in folder.glob("*.onnx"))
    return f"; give a file in it, like {folder / models[0]}" if models else ""


def _by_content(beginning: bytes) -> Format | None:
    found = (f for f in FORMATS if f.magic and beginning[f.offset :].startswith(f.magic))
    return next(found, None)


def _by_name(path: Path) -> Format | None:
    return next((f for f in FORMATS if path.suffix.lower() in f.suffixes), None)
