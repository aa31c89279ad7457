"""``relcheck train NETWORK --data D -o OUT.pt``: a network learns from images."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options, training_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.cli.option_forms import option, switch
from analyzer.reports.formats import RecordKind

_IMAGES, _BEGIN, _STEPS, _AUGMENT, _INT8 = (
    training_options.IMAGES,
    "Weights to begin with",
    "Optimization (default: the recipe's)",
    "From images to inputs",
    "Quantization-aware training",
)

_DATA = {
    "validation": Annotated[
        Path | None, option(_IMAGES, "PATH", "Decide which epoch is best (default: held out).")
    ],
    "held_out": training_options.HeldOut,
    "labels": Annotated[Path | None, option(_IMAGES, "FILE", "List of images and classes.")],
    "masks": Annotated[
        Path | None, option(_IMAGES, "FOLDER", "Of masks: a class for each pixel of an image.")
    ],
    "part": training_options.Part,
    "validation_labels": training_options.ValidationLabels,
    "validation_masks": Annotated[
        Path | None, option(_IMAGES, "FOLDER", "As --masks, of the validation images.")
    ],
    "validation_part": training_options.ValidationPart,
}
_WEIGHTS = {
    "weights": Annotated[
        Path | None, option(_BEGIN, "FILE", "Checkpoint with the network's own names.")
    ],
    "init": Annotated[
        Path | None,
        option(
            _BEGIN,
            "FILE",
            "Of SwAV, DINO, SimSiam, SSQL, AiTLAS, SSLTransformerRS or relcheck pretrain.",
        ),
    ],
}
_SETTINGS = {
    "recipe": Annotated[
        str | None,
        option(_STEPS, "WORD", "paper, or small (default: small for inputs up to 64 pixels)."),
    ],
    "epochs": Annotated[
        int | None, option(_STEPS, "N", "paper: until convergence; small: 40.", min=1)
    ],
    "batch": Annotated[int | None, option(_STEPS, "N", "Images per step; 128.", min=1)],
    "optimizer": Annotated[
        str | None,
        option(_STEPS, "WORD", "radam (paper), nesterov (small), sgd, adam or adamw."),
    ],
    "lr": Annotated[float | None, option(_STEPS, "X", "Learning rate; paper 0.001, small 0.2.")],
    "momentum": Annotated[float | None, option(_STEPS, "X", "Of sgd and nesterov; 0.9.")],
    "weight_decay": Annotated[float | None, option(_STEPS, "X", "paper 0, small 0.0005.")],
    "schedule": Annotated[
        str | None,
        option(_STEPS, "WORD", "plateau (paper), one-cycle (small), cosine or constant."),
    ],
    "factor": Annotated[float | None, option(_STEPS, "X", "Of the rate at a plateau; 0.1.")],
    "patience": Annotated[
        int | None, option(_STEPS, "N", "Epochs without improvement before it; 5.")
    ],
    "min_lr": Annotated[float | None, option(_STEPS, "X", "Lowest rate; a thousandth of --lr.")],
    "warmup": Annotated[float | None, option(_STEPS, "N", "cosine: epochs of linear rise; 0.")],
    "clip_norm": Annotated[float | None, option(_STEPS, "X", "Of all gradients; none.")],
    "smoothing": Annotated[float | None, option(_STEPS, "X", "Of labels; paper 0, small 0.05.")],
}
_PREPARATION = {
    "input": Annotated[
        str | None,
        option(_AUGMENT, "SIZE", "Of the input: 224, 360x480, 1x28x28.", name="--input"),
    ],
    "resize": Annotated[int | None, option(_AUGMENT, "PIXELS", "Of the shorter side.")],
    "crop": Annotated[int | None, option(_AUGMENT, "PIXELS", "Of the random square.")],
    "pad": Annotated[int | None, option(_AUGMENT, "PIXELS", "Random shift; paper 0, small 4.")],
    "flips": Annotated[str | None, option(_AUGMENT, "WORD", "horizontal (default), both or none.")],
    **training_options.pixel_options(_AUGMENT),
}
_QUANTIZATION = {
    "qat": Annotated[
        bool | None,
        switch("--qat", "Train in int8; OUT is the quantized ONNX model.", panel=_INT8),
    ],
    "batchnorm_epochs": Annotated[
        int | None, option(_INT8, "N", "Until BatchNorm is frozen; half of them.")
    ],
    "range_epochs": Annotated[
        int | None, option(_INT8, "N", "Until ranges are frozen; three quarters.")
    ],
    "reduce_range": Annotated[
        bool | None,
        switch("--reduce-range", "Weights of 7 bits, for CPUs without VNNI.", panel=_INT8),
    ],
}
_PREPROCESSING = ("resize", "crop", "scale", "mean", "std", "color")


@app.command()
@options.takes(
    **report_options.outputs(RecordKind.TRAINING, None),
    **_DATA,
    **_WEIGHTS,
    **_SETTINGS,
    **_PREPARATION,
    **_QUANTIZATION,
    **training_options.MACHINE,
)
def train(
    network: Annotated[
        str,
        typer.Argument(
            help="torchvision:NAME, cifar:NAME, segmentation:NAME, path/to/module.py:factory or "
            "package.module:factory.",
            metavar="NETWORK",
        ),
    ],
    data: Annotated[Path, typer.Option(help="Images with classes to learn.", metavar="PATH")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.pt", help="File to write.")],
    onnx: Annotated[
        Path | None, typer.Option(help="Write the ONNX model, too.", metavar="FILE")
    ] = None,
    **flags: Any,
) -> Exit:
    r"""Train a network; the epoch that is best on validation images is kept.

    An interrupted training goes on where it was if the command is repeated, and ends as an
    undisturbed one does. Its folder has a log for TensorBoard.

    Needs torch: pip install 'relcheck-onnx\[export]'.

    Example: relcheck train torchvision:resnet50 --init swav.pth --data train -o model.pt
    """
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.requests.settings import ask
    from analyzer.jobs.requests.train import TrainRequest
    from analyzer.jobs.train import train_network

    stated = {name: flags.pop(name) for name in _PREPROCESSING}
    preprocessing = {name: str(value) for name, value in stated.items() if value is not None}
    flags |= {"source": network, "data": data, "out": out, "onnx": onnx}
    request = ask(TrainRequest, flags, preprocessing=preprocessing, command=command_line())
    return show(train_network(request, terminal()))
