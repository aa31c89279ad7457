"""torchvision's families at reduced size: hardly a bit of any of them takes the slow route."""

import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.runtime.layout.layout import Route
from exporters.torch import zoo
from tests.runtime.benches import answer, build_bench

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
zoo.import_torchvision()

from torch import nn  # noqa: E402
from torchvision import models, ops  # noqa: E402

SIDE, CLASSES = 64, 8
MOST_RELOADED = 0.01
"""Share of the bits at risk that may take the route ``reload``."""


def efficientnet() -> nn.Module:
    from torchvision.models.efficientnet import EfficientNet, _efficientnet_conf

    blocks, last = _efficientnet_conf("efficientnet_b0", width_mult=0.25, depth_mult=0.5)
    return EfficientNet(blocks, dropout=0.0, last_channel=last, num_classes=CLASSES)


def mobilenet_v3() -> nn.Module:
    from torchvision.models.mobilenetv3 import MobileNetV3, _mobilenet_v3_conf

    blocks, last = _mobilenet_v3_conf("mobilenet_v3_small", width_mult=0.25)
    return MobileNetV3(blocks, last, num_classes=CLASSES)


def convnext() -> nn.Module:
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    return ConvNeXt([CNBlockConfig(16, 32, 1), CNBlockConfig(32, None, 1)], num_classes=CLASSES)


def swin(second: bool) -> nn.Module:
    from torchvision.models import swin_transformer as made

    parts = {"block": made.SwinTransformerBlockV2, "downsample_layer": made.PatchMergingV2}
    return made.SwinTransformer(
        [4, 4], 128, [1, 1], [2, 4], [4, 4], num_classes=CLASSES, **(parts if second else {})
    )


class Segmenter(nn.Module):  # type: ignore[misc]
    """LR-ASPP, as one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = models.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None)

    def forward(self, images: Any) -> Any:
        return self.inner(images)["out"]


FAMILIES: dict[str, Callable[[], nn.Module]] = {
    "resnet": lambda: models.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=CLASSES),
    "mobilenet_v2": lambda: models.MobileNetV2(num_classes=CLASSES, width_mult=0.25),
    "mobilenet_v3": mobilenet_v3,
    "efficientnet": efficientnet,
    "mnasnet": lambda: models.MNASNet(0.25, num_classes=CLASSES),
    "shufflenet": lambda: models.ShuffleNetV2([2, 2, 2], [8, 16, 32, 64, 64], num_classes=CLASSES),
    "densenet": lambda: models.DenseNet(8, (2, 2), 16, num_classes=CLASSES),
    "squeezenet": lambda: models.squeezenet1_1(num_classes=CLASSES),
    "regnet": lambda: models.regnet_y_400mf(num_classes=CLASSES),
    "googlenet": lambda: models.googlenet(
        num_classes=CLASSES, aux_logits=False, init_weights=False
    ),
    "convnext": convnext,
    "swin": lambda: swin(second=False),
    "swin_v2": lambda: swin(second=True),
    "lraspp": Segmenter,
}


@cache
def family(name: str) -> nn.Module:
    """A network with weights and statistics that are not special."""
    torch.manual_seed(0)
    network = FAMILIES[name]().eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | ops.FrozenBatchNorm2d):
            for values, low in ((module.weight, 0.5), (module.running_var, 0.5)):
                values.data.uniform_(low, low + 1)
            for values in (module.bias, module.running_mean):
                values.data.uniform_(-0.3, 0.3)
    return network


def exported(name: str, folded: bool, target: Path) -> Path:
    """Its file, by the exporter that most files come from; normalization folded by it, or kept."""
    mode = torch.onnx.TrainingMode
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that exporter is deprecated, and says so in many places
        torch.onnx.export(
            family(name),
            (torch.zeros(2, 3, SIDE, SIDE),),
            str(target),
            dynamo=False,
            opset_version=17,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}},
            do_constant_folding=folded,
            training=mode.EVAL if folded else mode.PRESERVE,
        )
    return target


KEPT = ["resnet", "mobilenet_v3", "shufflenet", "densenet", "lraspp"]
FILES = [(name, True) for name in FAMILIES] + [(name, False) for name in KEPT]


@pytest.mark.parametrize(("name", "folded"), FILES)
def test_hardly_a_bit_is_loaded_anew(name: str, folded: bool, tmp_path: Path) -> None:
    on = build_bench(exported(name, folded, tmp_path / "m.onnx"))
    routes = on.live.layout.routes
    slow = sum(t.bits for t in on.space.tensors if routes[t.name] is Route.RELOAD)
    assert slow <= MOST_RELOADED * on.space.bits, on.live.layout.reasons
    rng = np.random.default_rng(0)
    fast = np.array([routes[t.name] is not Route.RELOAD for t in on.space.tensors])
    starts = np.array(on.space.offsets[: len(fast)])[fast]
    sizes = np.array([t.bits for t in on.space.tensors])[fast]
    for _ in range(5):  # one upset in each tensor
        sites = starts + (rng.random(len(sizes)) * sizes).astype(np.int64)
        pattern = FaultPattern(parse_fault("flip"), np.asarray(sites, np.int64))
        assert answer(on.live, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))
    assert on.live.reloads == 0
