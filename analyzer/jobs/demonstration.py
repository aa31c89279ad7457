"""The demonstration model that travels with the package."""

from pathlib import Path

import analyzer

MODEL = "digits_resnet.onnx"


def demonstration_model() -> Path:
    """Path of the demonstration model: inside the installed package, or in a checkout."""
    package = Path(analyzer.__file__).parent
    installed = package / "embedded" / MODEL
    return installed if installed.exists() else package.parent / "models" / MODEL
