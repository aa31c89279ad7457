"""The report of `relcheck train` as data: settings, images, epochs, and which of them was kept."""

import json
from typing import Literal

from pydantic import Field

from analyzer.reports.before_after.record import FilePart, ReportRecord


class ImagesPart(ReportRecord):
    """One set of images.

    ``sha256``: digest of images and labels; of large sets of files, of names, sizes and labels.
    """

    data: str
    images: int = Field(ge=1)
    sha256: str


class NetworkPart(ReportRecord):
    """The network that was trained.

    ``weights``: origin of the weights that it began with.
    """

    source: str
    parameters: int
    classes: int
    input: tuple[int, int, int]
    weights: str
    anew: tuple[str, ...] = ()


class EpochPart(ReportRecord):
    """One epoch; ``validation`` by name of the figure."""

    epoch: int = Field(ge=1)
    loss: float
    learning_rate: float
    validation: dict[str, float]
    best: bool
    seconds: float
    cpu_seconds: float


class QuantizationPart(ReportRecord):
    """Quantization-aware training, and the file on ONNX Runtime beside the network in torch.

    ``differing``: images whose highest score is another one than in torch's integer arithmetic;
    ``scores_differing``: images of which any score differs; ``simulation_differing``: images whose
    highest score is another one than in the fake quantization that training uses.
    ``float_operators``: operators that both compute on floats, each in its own way.
    ``precise_int8``: true if ONNX Runtime was asked for exact sums, because the processor's fast
    kernels saturate.
    """

    batchnorm_epochs: int
    range_epochs: int
    weight_bits: Literal[7, 8]
    images: int = Field(ge=1)
    differing: int
    scores_differing: int
    simulation_differing: int
    float_operators: tuple[str, ...]
    precise_int8: bool
    words: str


class TrainingReport(ReportRecord):
    """Everything that one training did.

    ``kept``: the epoch whose weights were written. ``seconds`` and ``cpu_seconds``: of all epochs,
    those before an interruption included. ``taken_over``: epochs that were done before it.
    """

    format: Literal["1.0"] = "1.0"
    command: str
    task: str
    network: NetworkPart
    training: ImagesPart
    validation: ImagesPart | None
    recipe: str
    settings: dict[str, str]
    augmentation: str
    device: str
    precision: str
    steps: int
    epochs: tuple[EpochPart, ...]
    kept: int
    converged: bool
    taken_over: int
    seconds: float
    cpu_seconds: float
    torch: str
    files: tuple[FilePart, ...]
    log: str
    quantization: QuantizationPart | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The JSON report."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"
