"""Checkpoints as other projects write them, made of a torchvision network by the inverted rules."""

import argparse
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch

Weights = dict[str, Any]


def random(*shape: int) -> Any:
    return torch.randn(shape)


def norm(name: str, size: int, affine: bool = True) -> Weights:
    """A BatchNorm's state."""
    state = {"running_mean": random(size), "running_var": random(size) ** 2}
    if affine:
        state |= {"weight": random(size), "bias": random(size)}
    return {f"{name}.{key}": value for key, value in state.items()} | {
        f"{name}.num_batches_tracked": torch.tensor(7)
    }


def body(network: Any) -> Weights:
    """The weights but for the classifier."""
    return {k: v for k, v in network.state_dict().items() if not k.startswith("fc.")}


def prefixed(prefix: str, weights: Mapping[str, Any]) -> Weights:
    return {prefix + name: value for name, value in weights.items()}


def swav_released(network: Any) -> Any:
    width = network.fc.in_features
    head = {"projection_head.0.weight": random(16, width), "projection_head.0.bias": random(16)}
    head |= {"projection_head.3.weight": random(8, 16), "projection_head.3.bias": random(8)}
    head |= norm("projection_head.1", 16) | {"prototypes.weight": random(30, 8)}
    return prefixed("module.", body(network) | head)


def swav_training(network: Any) -> Any:
    weights = swav_released(network)
    weights["module.prototypes.prototypes0.weight"] = weights.pop("module.prototypes.weight")
    weights["module.prototypes.prototypes1.weight"] = random(30, 8)
    return {"epoch": 12, "state_dict": weights, "optimizer": {"state": {}, "param_groups": []}}


def dino_backbone(network: Any) -> Any:
    return body(network)


def dino_full(network: Any) -> Any:
    width = network.fc.in_features
    head = {"head.mlp.0.weight": random(16, width), "head.mlp.0.bias": random(16)}
    head |= {"head.mlp.2.weight": random(8, 16), "head.mlp.2.bias": random(8)}
    head |= {"head.last_layer.weight_g": random(30, 1), "head.last_layer.weight_v": random(30, 8)}
    teacher = prefixed("module.", prefixed("backbone.", body(network)) | head)
    student = {name: value + 1 for name, value in teacher.items()}
    return {
        "student": student,
        "teacher": teacher,
        "optimizer": {"state": {}},
        "epoch": 100,
        "args": argparse.Namespace(arch="resnet50", lr=0.3),
        "dino_loss": {"center": random(1, 30)},
    }


def simsiam(network: Any) -> Any:
    width = network.fc.in_features
    fc = {f"fc.{i}.weight": random(width, width) for i in (0, 3, 6)} | {"fc.6.bias": random(width)}
    fc |= norm("fc.1", width) | norm("fc.4", width) | norm("fc.7", width, affine=False)
    predictor = {"predictor.0.weight": random(8, width), "predictor.3.weight": random(width, 8)}
    predictor |= norm("predictor.1", 8) | {"predictor.3.bias": random(width)}
    weights = prefixed("module.", prefixed("encoder.", body(network) | fc) | predictor)
    return {"epoch": 100, "arch": "resnet50", "state_dict": weights, "optimizer": {"state": {}}}


def simsiam_linear(network: Any) -> Any:
    weights = prefixed("module.", network.state_dict())
    return {"epoch": 90, "arch": "resnet50", "state_dict": weights, "best_acc1": torch.tensor(68.1)}


def ssql_name(name: str) -> str:
    name = re.sub(r"(^|\.)bn(\d)\.", r"\1conv\2.bn_function.", name)
    name = name.replace(".downsample.1.", ".downsample.bn_function.")
    return name.replace(".downsample.0.weight", ".downsample.weight")


def ssql(network: Any) -> Any:
    width = network.fc.in_features
    weights = {ssql_name(name): value for name, value in body(network).items()}
    weights |= {f"fc.{i}.weight": random(width, width) for i in (0, 3, 6)}
    weights |= {"conv1.w_quantizer.scale": random(1), "layer1.0.conv1.a_quantizer.n": random(1)}
    predictor = {"predictor.0.weight": random(8, width), "predictor.3.bias": random(width)}
    return {"epoch": 99, "state_dict": prefixed("encoder_q.model.", weights) | predictor}


def ssql_baseline(network: Any) -> Any:
    width = network.fc.in_features
    fc = {"fc.0.weight": random(width, width)} | norm("fc.1", width)
    return {"epoch": 99, "state_dict": prefixed("encoder_q.", body(network) | fc)}


def aitlas(network: Any) -> Any:
    weights = network.state_dict()
    return {"epoch": 30, "state_dict": weights, "optimizer": {}, "loss": 0.1, "start": 0, "id": "a"}


PUBLISHED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "swav released": (swav_released, "SwAV"),
    "swav training": (swav_training, "SwAV"),
    "dino backbone": (dino_backbone, "plain names"),
    "dino full": (dino_full, "DINO"),
    "simsiam": (simsiam, "SimSiam"),
    "simsiam linear": (simsiam_linear, "plain names"),
    "ssql": (ssql, "SSQL"),
    "ssql baseline": (ssql_baseline, "SSQL"),
    "aitlas": (aitlas, "plain names"),
}
"""Name -> function that makes the content of the file, and the layout that is recognized."""
