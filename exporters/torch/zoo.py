"""torchvision's classification networks, and the preprocessing of their images."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from analyzer.did_you_mean import meant
from analyzer.errors import BadNetwork, BadOption, TorchMissing, short
from analyzer.model import Preprocessing
from exporters.quiet import quiet
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch
    from torch import nn

IMAGENET_CLASSES = 1000

SPECIAL: dict[str, dict[str, Any]] = {
    "inception_v3": {"aux_logits": False, "init_weights": False},
    "googlenet": {"aux_logits": False, "init_weights": False},
}
"""Arguments of some constructors: without the auxiliary classifiers, which only training uses."""

AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")
"""How names of those classifiers' weights begin in published checkpoints."""

HALVES = frozenset({"inception_v3", "googlenet"})
"""Their published weights want pixels from -1 to 1; torchvision converts inside the network, which
``relcheck export`` leaves to the preprocessing."""

SCHEMAS = tuple(
    f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor" for name in ("nms", "qnms")
)
"""Operators that torchvision's Python code mentions when it is imported."""

SETTLING_IMAGES = 16
"""Random inputs that the statistics are taken from."""

ZEROS_BECOME = 0.02
"""Standard deviation given to matrices that torchvision leaves at zero before training."""


@dataclass(frozen=True)
class Recommendation:
    """torchvision's description of the images of one network.

    Attributes:
        side: Side of the square input, in pixels.
        preprocessing: How images become inputs.
        bicubic: True if torchvision resizes by bicubic interpolation; relcheck's is bilinear.
    """

    side: int
    preprocessing: Preprocessing
    bicubic: bool


def import_torchvision() -> ModuleType:
    """Import torchvision, also where its compiled part does not fit the installed torch.

    A CPU-only torch beside a torchvision wheel built for CUDA cannot load that part, which no
    classification network needs. The import then fails on operators that nobody declared.

    Raises:
        TorchMissing: torch or torchvision is not installed, or they do not go together.
    """
    need("torch")
    try:
        with quiet():
            return need("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise _unfit(error) from error
    _declare_schemas()
    for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    try:
        with quiet():
            return need("torchvision")
    except RuntimeError as error:
        raise _unfit(error) from error


def _unfit(error: RuntimeError) -> TorchMissing:
    text = short(" ".join(str(error).split()), 200)
    return TorchMissing(f"torchvision cannot be imported beside this torch: {text}")


@cache
def _declare_schemas() -> torch.library.Library:
    """Declare the operators without code behind them; the library that is returned keeps them."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS:
        library.define(schema)
    return library


def check_name(name: str) -> None:
    """Refuse a name that is no classification network of torchvision.

    Raises:
        BadNetwork: there is no such network; the message has the nearest name.
        TorchMissing: torch or torchvision is not installed.
    """
    import_torchvision()
    from torchvision import models

    names = models.list_models(module=models)
    if name not in names:
        raise BadNetwork(
            f"torchvision has no classification network {name}{meant(name, names)}; "
            f"{', '.join(names[:3])} are three of its {len(names)}"
        )


def recommended(name: str, weights: Path | None) -> Recommendation:
    """The preprocessing for a network, by torchvision's description of its weights.

    Args:
        name: A name that `check_name` passed.
        weights: A checkpoint; if its file is called like one of torchvision's, the description of
            just these weights counts, else that of the first ones published.
    """
    from torchvision import models

    offered = list(models.get_model_weights(name))
    matching = [w for w in offered if weights and w.url.rpartition("/")[2] == weights.name]
    form = (matching or offered)[0].transforms()
    mean, std = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    if name not in HALVES:
        mean, std = tuple(form.mean), tuple(form.std)
    side = form.crop_size[0]
    wanted = Preprocessing("NCHW", resize=form.resize_size[0], crop=side, mean=mean, std=std)
    return Recommendation(side, wanted, "bicubic" in str(form.interpolation).lower())


def build_known(name: str, classes: int, seed: int) -> nn.Module:
    """Make a network with random weights.

    Args:
        name: a name that `check_name` passed.
        classes: size of the last layer, 2 or more.
        seed: of the weights.

    Raises:
        BadOption: the network cannot be made with so many classes.
    """
    import torch
    from torchvision import models

    torch.manual_seed(seed)
    try:
        network: nn.Module = models.get_model(
            name, weights=None, num_classes=classes, **SPECIAL.get(name, {})
        )
    except (ValueError, TypeError, RuntimeError) as error:
        raise BadOption(f"--classes {classes} does not suit {name}: {short(str(error))}") from error
    for weight in network.parameters():
        if weight.ndim > 1 and not weight.any():  # a Vision Transformer would answer 0 to all
            torch.nn.init.normal_(weight, std=ZEROS_BECOME)
    return network


def settle_batchnorm(network: nn.Module, shape: tuple[int, int, int], seed: int) -> None:
    """Give every BatchNorm of an untrained network the statistics of random inputs, in place.

    Untrained networks come with statistics that suit no input: behind the 50 layers of a
    MobileNetV2 all values are below 1e-9, and whatever is measured there is rounding.

    Args:
        network: changed in place, and left in evaluation mode.
        shape: C, H, W of its input.
        seed: of the inputs, float32 (n, C, H, W), standard normal.
    """
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    norms = [module for module in network.eval().modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = None  # plain mean over what is seen from now on
        norm.reset_running_stats()
        norm.train()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        network(torch.randn((SETTLING_IMAGES, *shape), generator=generator))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
