"""The networks that are measured: made once by the project's own exporters, then kept.

ResNet-50 and MobileNetV2 are torchvision's, 224x224, with random weights (seed 0) and the BatchNorm
statistics of random inputs; ResNet-20 is `exporters.training.cifar_nets`, trained where its file is
in ``models/``. The int8 twins are `exporters.quantize.ptq`, calibrated on standard normal inputs.
Making them needs torch, which is not where everything else runs: a second interpreter does it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "benchmarks"
TORCH_PYTHON = ROOT / ".venv-export" / "bin" / "python"
CIFAR_MODEL = ROOT / "models" / "cifar_resnet20.onnx"

RESNET20 = "exporters.training.cifar_nets:resnet20"
SOURCES = {
    "resnet50": ("torchvision:resnet50", "224"),
    "mobilenet_v2": ("torchvision:mobilenet_v2", "224"),
    "resnet20": (RESNET20, "32"),
}
"""Name -> what ``relcheck export`` takes: source and input size."""

INT8 = "-int8"
GPU = "cuda"
"""Where the rows of the group ``gpu`` run if nobody says otherwise."""

CALIBRATION_BATCHES, CALIBRATION_IMAGES = 4, 8


class CannotRun(Exception):
    """Something that a benchmark needs is not here; the message says what."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says.

    Attributes:
        kept: Folder for models that were made.
        torch: Interpreter of an environment with the exporters' dependencies.
        cifar_model: A ResNet-20 trained on CIFAR-10.
        cifar_data: CIFAR-10 test images, if they are here.
        device: Where the rows of the group ``gpu`` run.
        device_batches: Images per run of these rows.
        preprocessing: How they become its inputs, as flags of ``relcheck run``, where its file does
            not say.
    """

    kept: Path = KEPT
    torch: Path = TORCH_PYTHON
    cifar_model: Path = CIFAR_MODEL
    cifar_data: Path | None = None
    preprocessing: Mapping[str, str] = field(default_factory=dict)
    device: str = GPU
    device_batches: tuple[int, int] = (64, 256)

    def trained(self) -> tuple[Path, dict[str, str]]:
        """The trained ResNet-20, and the flags that give it its images.

        Raises:
            CannotRun: One of them is not here.
        """
        if not self.cifar_model.is_file():
            raise CannotRun(f"needs a trained ResNet-20: there is no {self.cifar_model.name}")
        if self.cifar_data is None:
            raise CannotRun("needs CIFAR-10 test images: --cifar-data")
        return self.cifar_model, {"data": str(self.cifar_data), **self.preprocessing}


def model_file(name: str, options: Options) -> Path:
    """The ONNX file of a network, made if it is not there yet.

    Args:
        name: A key of `SOURCES`, with ``-int8`` behind it for the quantized twin.
        options: Where to look and what to make it with.

    Raises:
        CannotRun: It would have to be made, and torch is not here.
    """
    if name == "resnet20" and options.cifar_model.is_file():
        return options.cifar_model
    path = options.kept / f"{name}.onnx"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp.onnx")
    if name.endswith(INT8):
        source = model_file(name.removesuffix(INT8), options)
        with_torch(options, ["-m", "benchmarks.models", str(source), str(draft)])
    else:
        source_name, size = SOURCES[name]
        made = ["-m", "analyzer", "export", source_name, "--input", size, "-o", str(draft)]
        with_torch(options, made)
    os.replace(draft, path)
    return path


def with_torch(options: Options, arguments: Sequence[str]) -> str:
    """Run Python with torch in a folder of its own; returns what it printed.

    Raises:
        CannotRun: There is no such interpreter, or it fails.
    """
    if not options.torch.is_file():
        raise CannotRun(f"needs torch: there is no {options.torch.name} in {options.torch.parent}")
    search = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory(prefix="relcheck-bench-") as folder:
        done = subprocess.run(
            [str(options.torch), *arguments],
            cwd=folder,  # quantizers leave files where they run
            env={**os.environ, "PYTHONPATH": search},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise CannotRun(f"{' '.join(arguments[:3])} failed: {last}")
    return done.stdout


def quantize_file(source: Path, target: Path) -> None:
    """Write the int8 twin of an image network, calibrated on standard normal inputs."""
    import numpy as np

    from analyzer.model import load_model
    from exporters.quantize.ptq import quantize

    item = [d or 1 for d in load_model(source).signature.item]
    rng = np.random.default_rng(0)
    shape = (CALIBRATION_IMAGES, *item)
    batches = [rng.standard_normal(shape, dtype=np.float32) for _ in range(CALIBRATION_BATCHES)]
    quantize(source, batches, target)


if __name__ == "__main__":
    quantize_file(Path(sys.argv[1]), Path(sys.argv[2]))
