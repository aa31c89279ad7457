"""The stages of the segmentation model: a tiny Swin-UNet on made scenes, pretrained or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paper.plan.words import IN_PROCESS, words
from paper.scenes import SIDE
from paper.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paper.plan.study import Study

MAKER = Path("paper/scenes.py")
NETWORK = "segmentation:swin_unet_tiny"
NAME, PRETRAINING = "swin_unet", "simsiam"
BATCH, RATE = 32, "0.005"
PRETRAINING_RATE = "0.001"
FORMS = ("float", "actmax")


def segmentation_stages(study: Study) -> Iterator[Stage]:
    """Scenes, and for each seed a network from random weights and a pretrained one."""
    yield _scenes(study)
    for seed in study.seeds:
        for pretrained in (False, True):
            yield from _of_network(study, seed, pretrained)


def _of_network(study: Study, seed: int, pretrained: bool) -> Iterator[Stage]:
    name = f"{NAME}-{PRETRAINING}-{seed}" if pretrained else f"{NAME}-{seed}"
    folder = study.folder / "models" / name
    if pretrained:
        yield _pretraining(study, seed, name, folder)
    yield _training(study, seed, name, folder, pretrained)
    yield _hardening(study, name, folder)
    yield _comparison(study, seed, name, folder)


def _scenes(study: Study) -> Stage:
    parts = ("train", "train-images", "validation", "test")
    written = tuple(_scene(study, part) for part in parts)
    fewer = ("--quick",) if study.made else ()
    command = words("python", "-m", "paper.scenes", "--out", written[0].parent, *fewer)
    return Stage("scenes", command, (MAKER,), written)


def _scene(study: Study, part: str) -> Path:
    return study.folder / "scenes" / f"{part}.npz"


def _pretraining(study: Study, seed: int, name: str, folder: Path) -> Stage:
    images, written = _scene(study, "train-images"), (folder / "pretrained.pt",)
    command = words(
        *("relcheck", "pretrain", NETWORK, "--method", PRETRAINING, "--data", images),
        *("--input", SIDE, "--epochs", study.segmentation_epochs, "--batch", BATCH),
        *("--optimizer", "adam", "--lr", PRETRAINING_RATE),
        *("--seed", seed, "--threads", 1, "-o", written[0], "--json", folder / "pretrain.json"),
    )
    return Stage(f"pretrain/{name}", command, (images,), (*written, folder / "pretrain.json"), seed)


def _training(study: Study, seed: int, name: str, folder: Path, pretrained: bool) -> Stage:
    reads = [_scene(study, "train"), _scene(study, "validation")]
    initial = [folder / "pretrained.pt"] if pretrained else []
    written = tuple(folder / file for file in ("float.pt", "float.onnx", "train.json"))
    command = words(
        *("relcheck", "train", NETWORK, *(word for path in initial for word in ("--init", path))),
        *("--data", reads[0], "--validation", reads[1], "--input", SIDE),
        *("--recipe", "paper", "--batch", BATCH, "--lr", RATE, "--schedule", "cosine"),
        *("--epochs", study.segmentation_epochs, "--seed", seed, "--threads", 1),
        *("-o", written[0], "--onnx", written[1], "--json", written[2]),
    )
    return Stage(f"train/{name}", command, (*reads, *initial), written, seed)


def _hardening(study: Study, name: str, folder: Path) -> Stage:
    source, images = folder / "float.onnx", _scene(study, "validation")
    written = (folder / "actmax.onnx", folder / "actmax.json")
    command = words(
        *("relcheck", "harden", source, "--method", "actmax", "--data", images),
        *("-o", written[0], "--json", written[1]),
    )
    return Stage(f"harden/{name}-actmax", command, (source, images), written)


def _comparison(study: Study, seed: int, name: str, folder: Path) -> Stage:
    files = tuple(folder / f"{form}.onnx" for form in FORMS)
    images, out = _scene(study, "test"), study.folder / "results" / "segmentation" / f"{name}.json"
    command = words(
        *("relcheck", "compare", *files, "--data", images, "--rates", study.segmentation),
        *("--precision", study.precision, "--budget", study.budget, *IN_PROCESS),
        *("--seed", seed, "--json", out),
    )
    return Stage(f"segmentation/{name}", command, (*files, images), (out,), seed)
