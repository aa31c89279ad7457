"""The size of a study: which networks, seeds, rates, and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paper.stage import ROOT

RESULTS = Path("paper/results")
PAGE = Path("docs/paper.md")
PICTURES = Path("docs/images")


def pages() -> list[Path]:
    """The page and its parts ``paper-*.md``, as they are in the repository."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / PAGE).parent.glob("paper*.md"))


MITIGATIONS = ("relu6", "ranger", "actmax", "clipact")
CLIPPING = ("actmax", "clipact")
"""Those of the pretrained networks: the question is what pretraining adds to clipping."""


@dataclass(frozen=True)
class Study:
    """Everything that tells one study from another; `paper.plan.stages` makes commands of it.

    Attributes:
        folder: of all files that are made, relative to the repository.
        results: of the JSON files that the page is made from.
        page: Markdown that is made.
        pictures: folder of its images.
        data: CIFAR-10's training images; None: the images are in the folder already.
        test: its test images.
        made: the project draws its own images instead (`paper.made_images`).
        seeds: of training, and of what follows.
        networks: factories in ``paper/networks.py``; all are trained from random weights.
        base: the network that is pretrained, and that q15.16, QAT, protection and FIT are about.
        unquantized: networks that are there for the comparison of depths alone, in float32.
        bounded: networks whose activations are ReLU6 by themselves.
        pretrainings: short name -> ``--method`` of ``relcheck pretrain``.
        epochs: of training.
        pretraining_epochs: of pretraining.
        qat_epochs: of training in int8, from trained weights.
        training: more options of ``relcheck train``.
        search: more options of ``relcheck harden --method clipact``.
        calibration_images: that ``relcheck quantize`` draws.
        fp32: bit error rates of the float32 models; also those of protections.
        fixed: of the same models in q15.16.
        int8: of the quantized ones, beside two in float32.
        segmentation: of the segmentation models.
        segmentation_epochs: of their training, and of their pretraining.
        int8_precision: as `precision`, of the quantized models: their rates are costly.
        precision: half-width of a rate's interval at which it is done.
        budget: CPU time of a measurement, at most.
        map_seed: of the models that maps are made of.
        map_margin: half-width of a map's intervals.
        map_budget: CPU time of a map.
        target: deployment target of the view of single events.
        target_forms: models of the base network that are put into its memory.
        target_precision: half-width of its shares.
    """

    folder: Path
    results: Path = RESULTS
    page: Path = PAGE
    pictures: Path = PICTURES
    data: Path | None = None
    test: Path | None = None
    made: bool = False
    seeds: tuple[int, ...] = (1, 2, 3)
    networks: tuple[str, ...] = (
        *("resnet20", "vgg", "resnet56", "densenet", "resnet32", "inception", "mobilenet"),
    )
    base: str = "resnet20"
    unquantized: tuple[str, ...] = ("resnet32", "resnet56")
    bounded: tuple[str, ...] = ("mobilenet",)
    pretrainings: tuple[tuple[str, str], ...] = (
        ("simsiam", "simsiam"),
        ("swav", "swav:local=2"),
        ("dino", "dino:local=2"),
        ("ssql", "ssql"),
    )
    epochs: int = 12
    pretraining_epochs: int = 5
    qat_epochs: int = 2
    training: tuple[str, ...] = ()
    search: tuple[str, ...] = ("--rates", "1e-7..3e-5")
    calibration_images: int = 500
    fp32: str = "1e-8..1e-4/2"
    fixed: str = "1e-8..3e-5/2"
    int8: str = "1e-6..1e-3/2"
    int8_precision: str = "0.03"
    segmentation: str = "1e-7..1e-4/2"
    segmentation_epochs: int = 20
    precision: str = "0.02"
    budget: str = "10m"
    map_seed: int = 1
    map_margin: str = "0.01"
    map_budget: str = "1m"
    target: str = "fpga-bram-28nm"
    target_forms: tuple[str, ...] = ("float", "actmax", "ptq")
    target_precision: str = "0.002"

    def images(self, part: str) -> Path:
        """The images of ``train``, ``validation`` or ``test``."""
        return self.folder / "data" / f"{part}.npz"


FULL = Study(Path("build/paper"))
"""What ``docs/paper.md`` reports."""


def quick(folder: Path = Path("build/paper-quick")) -> Study:
    """The same kinds of stages in minutes, on images that the project draws itself.

    Args:
        folder: of all files, results and page included.
    """
    return Study(
        folder,
        results=folder / "collected",
        page=folder / "paper.md",
        pictures=folder / "images",
        made=True,
        seeds=(1, 2),
        networks=("resnet20", "vgg"),
        pretrainings=(("simsiam", "simsiam"),),
        epochs=1,
        pretraining_epochs=1,
        qat_epochs=1,
        training=("--batch", "32"),
        search=("--rates", "1e-6..3e-5", "--patterns", "100", "--iterations", "2"),
        calibration_images=100,
        fp32="1e-6,1e-5,1e-4",
        fixed="1e-6,1e-5",
        int8="1e-5,1e-4,1e-3",
        segmentation="1e-5,1e-4",
        segmentation_epochs=1,
        precision="0.05",
        int8_precision="0.05",
        budget="20s",
        map_margin="0.1",
        map_budget="10s",
        target_precision="0.02",
    )
