"""Checkpoints of other projects become the network they were made of, or a sentence."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import BadCheckpoint

torch = pytest.importorskip("torch")

from exporters.torch.initial import classifier_of, load_initial  # noqa: E402
from exporters.torch.layouts import LAYOUTS  # noqa: E402
from exporters.torch.pretrained_file import pretrained_file  # noqa: E402
from exporters.torch.zoo import SPECIAL, build_known, import_torchvision  # noqa: E402
from tests.exporters.published import PUBLISHED, body, prefixed  # noqa: E402

import_torchvision()

from torchvision import models  # noqa: E402

SOURCE = "torchvision:resnet18"


def trained(name: str, classes: int) -> Any:
    """A network all of whose numbers are its own, BatchNorm's statistics included."""
    network = build_known(name, classes, 0)
    with torch.no_grad():
        for key, value in network.state_dict().items():
            if value.is_floating_point() and ("running" in key or ".bn" in key):
                value.add_(torch.rand_like(value) / 10)
    return network


def saved(content: object, folder: Path) -> Path:
    torch.save(content, folder / "checkpoint.pth")
    return folder / "checkpoint.pth"


def test_every_layout_has_a_case() -> None:
    assert {layout.name for layout in LAYOUTS} == {layout for _, layout in PUBLISHED.values()}


LARGE = ("swav released", "dino full", "ssql")
"""Layouts whose published files are of a ResNet-50: other names than in one of basic blocks."""


@pytest.mark.parametrize(
    ("case", "architecture"),
    [*((case, "resnet18") for case in PUBLISHED), *((case, "resnet50") for case in LARGE)],
)
def test_a_published_checkpoint_gives_its_backbone(
    case: str, architecture: str, tmp_path: Path
) -> None:
    make, layout = PUBLISHED[case]
    teacher = trained(architecture, 5)
    network = build_known(architecture, 7, 1)
    before = network.fc.weight.clone()
    found = load_initial(network, saved(make(teacher), tmp_path), f"torchvision:{architecture}")
    assert found.layout == layout
    assert found.fresh == ("fc.weight", "fc.bias")
    assert torch.equal(network.fc.weight, before)
    for name, value in body(teacher).items():
        assert torch.equal(network.state_dict()[name], value), name
    images = torch.rand(2, 3, 64, 64)
    for one in (teacher.eval(), network.eval()):
        one.fc = torch.nn.Identity()
    with torch.no_grad():
        assert torch.equal(network(images), teacher(images))


@pytest.mark.parametrize("case", ["aitlas", "simsiam linear"])
def test_a_classifier_of_as_many_classes_is_taken(case: str, tmp_path: Path) -> None:
    teacher, network = trained("resnet18", 5), build_known("resnet18", 5, 1)
    found = load_initial(network, saved(PUBLISHED[case][0](teacher), tmp_path), SOURCE)
    assert found.fresh == ()
    assert torch.equal(network.fc.weight, teacher.fc.weight)


def test_our_own_pretraining(tmp_path: Path) -> None:
    teacher, network = trained("resnet18", 5), build_known("resnet18", 5, 1)
    content = pretrained_file(body(teacher), SOURCE, "simsiam", {"epochs": 3})
    found = load_initial(network, saved(content, tmp_path), SOURCE)
    assert found.layout == "relcheck pretrain, simsiam"
    assert torch.equal(network.layer4[1].bn2.running_var, teacher.layer4[1].bn2.running_var)


def weights_of(content: Any) -> Any:
    for key in ("teacher", "state_dict"):
        if key in content:
            return content[key]
    return content


def unknown_key(weights: Any, prefix: str) -> str:
    weights[f"{prefix}mystery.weight"] = torch.zeros(3)
    return "1 unexpected: "


def missing_norm(weights: Any, prefix: str) -> str:
    name = next(n for n in weights if "layer2" in n and n.endswith("running_var"))
    del weights[name]
    return "1 missing: layer2.0."


def wrong_shape(weights: Any, prefix: str) -> str:
    name = next(n for n in weights if "layer3" in n and n.endswith("weight"))
    weights[name] = torch.zeros(2, 2)
    return r"1 of another shape: layer3.0.conv1.weight is (2, 2), not (256, 128, 3, 3)"


@pytest.mark.parametrize("damage", [unknown_key, missing_norm, wrong_shape])
@pytest.mark.parametrize("case", PUBLISHED)
def test_one_thing_that_is_wrong_is_named(
    case: str, damage: Callable[[Any, str], str], tmp_path: Path
) -> None:
    content = PUBLISHED[case][0](build_known("resnet18", 5, 0))
    weights = weights_of(content)
    prefix = "module." if next(iter(weights)).startswith("module.") else ""
    says = damage(weights, prefix)
    with pytest.raises(BadCheckpoint) as refused:
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)
    assert says in str(refused.value)
    assert str(tmp_path) in str(refused.value)
    assert len(str(refused.value)) < 500


def test_module_twice_is_named(tmp_path: Path) -> None:
    content = prefixed("module.", prefixed("module.", build_known("resnet18", 5, 0).state_dict()))
    with pytest.raises(BadCheckpoint, match=r"begin with module\. twice"):
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)


def test_another_architecture_is_named(tmp_path: Path) -> None:
    content = PUBLISHED["swav released"][0](build_known("resnet34", 5, 0))
    with pytest.raises(BadCheckpoint, match="the weights of torchvision:resnet34, not of torchvis"):
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)


def test_the_nearest_architecture_is_named(tmp_path: Path) -> None:
    content = build_known("resnet34", 5, 0).state_dict()
    del content["layer1.0.bn1.running_mean"]
    with pytest.raises(BadCheckpoint, match="nearest architecture is torchvision:resnet34, of whi"):
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)


def test_a_vision_transformer_for_a_resnet(tmp_path: Path) -> None:
    content = {f"blocks.{i}.attn.qkv.weight": torch.zeros(9, 3) for i in range(12)}
    content |= {"cls_token": torch.zeros(1, 1, 3), "pos_embed": torch.zeros(1, 5, 3)}
    with pytest.raises(BadCheckpoint, match="timm's Vision Transformers"):
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)


def test_torchvisions_vision_transformer_for_a_resnet(tmp_path: Path) -> None:
    """Its names begin with ``encoder.``, as those of SimSiam do."""
    with torch.device("meta"):
        shapes = models.vit_b_32().state_dict()
    content = {name: torch.zeros(1).expand(value.shape) for name, value in shapes.items()}
    with pytest.raises(BadCheckpoint, match="weights of torchvision:vit_b_32, not of torchvision"):
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)


def test_names_of_the_network_itself_are_no_other_layout(tmp_path: Path) -> None:
    def build() -> Any:
        parts = {name: torch.nn.Linear(3, 3) for name in ("backbone", "encoder", "predictor")}
        return torch.nn.ModuleDict({**parts, "last": torch.nn.Linear(3, 2)})

    teacher, network = build(), build()
    content = {k: v for k, v in teacher.state_dict().items() if not k.startswith("last.")}
    found = load_initial(network, saved(content, tmp_path), "mine:build")
    assert (found.layout, found.fresh) == ("plain names", ("last.weight", "last.bias"))
    assert torch.equal(network["encoder"].weight, teacher["encoder"].weight)


class Hostile:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return (print, ("run",))


def test_nothing_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = PUBLISHED["dino full"][0](build_known("resnet18", 5, 0)) | {"args": Hostile()}
    with pytest.raises(BadCheckpoint, match="would run code"):
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)
    assert capsys.readouterr().out == ""


def test_what_was_allowed_for_one_file_is_not_allowed_for_the_next(tmp_path: Path) -> None:
    path = saved(PUBLISHED["dino full"][0](build_known("resnet18", 5, 0)), tmp_path)
    load_initial(build_known("resnet18", 7, 1), path, SOURCE)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([1, 2], "has a list"),
        ({"state_dict": {}}, "no weights by name"),
        ({"state_dict": {"conv1.weight": 3}}, "no tensor under 'conv1.weight'"),
    ],
)
def test_what_holds_no_weights(content: object, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match=says):
        load_initial(build_known("resnet18", 7, 1), saved(content, tmp_path), SOURCE)


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("resnet18", "fc"),
        ("vgg11", "classifier.6"),
        ("densenet121", "classifier"),
        ("inception_v3", "fc"),
        ("squeezenet1_0", "classifier.1"),
        ("vit_b_16", "heads.head"),
    ],
)
def test_the_classifier_is_the_last_layer(name: str, classifier: str) -> None:
    with torch.device("meta"):  # no memory for its weights
        network = models.get_model(name, weights=None, num_classes=3, **SPECIAL.get(name, {}))
    assert classifier_of(network) == classifier
