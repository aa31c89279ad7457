"""The recipes by which networks are usually fed, to be tried out on labelled images."""

from collections.abc import Iterator, Mapping
from itertools import product

from analyzer.errors import DataMismatch
from analyzer.evaluation.preprocess import Target, target_of
from analyzer.model import InputSignature, Preprocessing

Entries = Mapping[str, str]
"""Preprocessing entries by name, as flags give them."""

PLAIN = {"mean": "0", "std": "1"}

ARITHMETIC: tuple[Entries, ...] = (
    {"scale": "1/255", **PLAIN},
    {"scale": "2/255", "mean": "1", "std": "1"},  # -1 .. 1
    {"scale": "1", **PLAIN},  # 0 .. 255
)
"""For images of any number of channels."""

COLORS: tuple[Entries, ...] = (
    # ImageNet, as torchvision and timm do it.
    {"scale": "1/255", "mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225"},
    # ImageNet, as Caffe does it: in the order of the channels that are fed, BGR or RGB.
    {"scale": "1", "mean": "103.939,116.779,123.68", "std": "1", "color": "BGR"},
    {"scale": "1", "mean": "123.68,116.779,103.939", "std": "1", "color": "RGB"},
    # CLIP.
    {
        "scale": "1/255",
        "mean": "0.48145466,0.4578275,0.40821073",
        "std": "0.26862954,0.26130258,0.27577711",
    },
    # CIFAR-10.
    {"scale": "1/255", "mean": "0.4914,0.4822,0.4465", "std": "0.247,0.2435,0.2616"},
)
"""For images of three channels."""

GREYS: tuple[Entries, ...] = (
    {"scale": "1/255", "mean": "0.1307", "std": "0.3081"},  # MNIST
    {"scale": "-1/255", "mean": "-1", "std": "1"},  # black on white for white on black
)
"""For images of one channel."""

MARGIN = 256 / 224
"""Shorter side over crop, of nearly every network that was trained on ImageNet."""


def usual_values(target: Target, base: Preprocessing) -> Iterator[Entries]:
    """Every usual way from pixels to numbers, in both orders of colors.

    Args:
        target: what images become.
        base: what is stated; entries that flags gave stay as they are.
    """
    given = set(base.flags)
    ways: list[Entries] = [{}]
    if target.dtype != "uint8" and given.isdisjoint(PLAIN.keys() | {"scale"}):
        more = {1: GREYS, 3: COLORS}.get(target.channels, ())
        ways += [*ARITHMETIC, *more]
    orders: list[Entries] = [{}]
    if target.channels == 3 and "color" not in given:
        orders = [{"color": "RGB"}, {"color": "BGR"}]
    for way, order in product(ways, orders):
        if way.get("color", order.get("color")) == order.get("color"):
            yield {**order, **way}


def usual_sizes(target: Target, base: Preprocessing) -> Iterator[Entries]:
    """The usual ways to bring images to the size of a model that fixes a square.

    Args:
        target: what images become.
        base: what is stated; nothing is tried where a flag or the model says how.
    """
    side = target.height
    if side is None or side != target.width or base.resize or base.crop:
        return
    yield {"resize": str(side), "crop": str(side)}
    yield {"resize": str(round(side * MARGIN)), "crop": str(side)}


def other_layouts(signature: InputSignature, base: Preprocessing) -> Iterator[Entries]:
    """The layout that was not taken, where the shape of the input allows both.

    Args:
        signature: the model's inputs.
        base: what is stated; nothing is tried where a flag says which.
    """
    if "layout" in base.flags:
        return
    taken = target_of(signature, base).layout
    other = {"NCHW": "NHWC", "NHWC": "NCHW"}[taken]
    try:
        target_of(signature, Preprocessing(layout=other))
    except DataMismatch:
        return
    yield {"layout": other}
