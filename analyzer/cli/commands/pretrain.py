"""``relcheck pretrain NETWORK --method M --data D -o OUT.pt``: features without labels."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options, training_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.cli.option_forms import option
from analyzer.jobs.offered import offered_pretraining
from analyzer.reports.formats import RecordKind

_IMAGES, _STEPS, _INPUT = (
    training_options.IMAGES,
    "Optimization (default: the method's paper)",
    "From images to inputs",
)

_DATA = {
    "validation": Annotated[
        Path | None, option(_IMAGES, "PATH", "Measure features on these (default: held out).")
    ],
    "held_out": training_options.HeldOut,
    "labels": Annotated[
        Path | None, option(_IMAGES, "FILE", "List of images and classes, for the k-NN probe.")
    ],
    "part": training_options.Part,
    "validation_labels": training_options.ValidationLabels,
    "validation_part": training_options.ValidationPart,
    "init": Annotated[
        Path | None, option(_IMAGES, "FILE", "Begin with a checkpoint, as relcheck train does.")
    ],
}
_SETTINGS = {
    "epochs": Annotated[int | None, option(_STEPS, "N", "Passes over the images; 100.", min=1)],
    "batch": Annotated[
        int | None,
        option(_STEPS, "N", "512 (simsiam, ssql), 256; of few images less.", min=2),
    ],
    "optimizer": Annotated[
        str | None, option(_STEPS, "WORD", "sgd; nesterov, radam, adam or adamw.")
    ],
    "lr": Annotated[
        float | None,
        option(_STEPS, "X", "Per 256 images 0.05 (simsiam, ssql), 0.06 (swav), 0.03."),
    ],
    "momentum": Annotated[float | None, option(_STEPS, "X", "Of sgd and nesterov; 0.9.")],
    "weight_decay": Annotated[float | None, option(_STEPS, "X", "0.0001; swav 1e-6.")],
    "schedule": Annotated[
        str | None, option(_STEPS, "WORD", "cosine; constant, one-cycle or plateau.")
    ],
    "warmup": Annotated[
        float | None, option(_STEPS, "N", "Epochs of linear rise; dino a tenth of all, else 0.")
    ],
    "clip_norm": Annotated[float | None, option(_STEPS, "X", "Of all gradients; dino 3.")],
}
_PREPARATION = {
    "input": Annotated[
        str | None,
        option(_INPUT, "SIZE", "Of the (global) crops: 224, 1x28x28.", name="--input"),
    ],
    **training_options.pixel_options(_INPUT),
}
_PREPROCESSING = ("scale", "mean", "std", "color")


@app.command()
@options.takes(
    **report_options.outputs(RecordKind.PRETRAINING, None),
    **_DATA,
    **_SETTINGS,
    **_PREPARATION,
    **training_options.MACHINE,
)
def pretrain(
    network: Annotated[
        str,
        typer.Argument(
            help="torchvision:NAME, cifar:NAME, segmentation:NAME, path/to/module.py:factory or "
            "package.module:factory.",
            metavar="NETWORK",
        ),
    ],
    method: Annotated[str, typer.Option(help=offered_pretraining(), metavar="NAME[:field=value]")],
    data: Annotated[Path, typer.Option(help="Images; no classes are needed.", metavar="PATH")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.pt", help="File to write.")],
    **flags: Any,
) -> Exit:
    r"""Teach a network features from images without their classes.

    relcheck train --init OUT.pt goes on from them. After each epoch, images that are held out
    tell how good the features are (k-NN, if there are classes), and whether they have collapsed.

    An interrupted pretraining goes on where it was if the command is repeated.

    Needs torch: pip install 'relcheck-onnx\[export]'.

    Example: relcheck pretrain torchvision:resnet50 --method ssql --data train -o ssql.pt
    """
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.pretrain import pretrain_network
    from analyzer.jobs.requests.pretrain import PretrainRequest
    from analyzer.jobs.requests.settings import ask

    stated = {name: flags.pop(name) for name in _PREPROCESSING}
    preprocessing = {name: str(value) for name, value in stated.items() if value is not None}
    flags |= {"source": network, "method": method, "data": data, "out": out}
    request = ask(PretrainRequest, flags, preprocessing=preprocessing, command=command_line())
    return show(pretrain_network(request, terminal()))
