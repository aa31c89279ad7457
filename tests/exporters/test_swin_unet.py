"""The Swin-UNet: its encoder against torchvision's, its layers against others, published files."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from analyzer.errors import BadCheckpoint, BadNetwork, BadOption
from exporters.segmentation.dimensions import Dimensions
from exporters.segmentation.networks import NETWORKS, dimensions_of

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from exporters.segmentation.decoder import patch_expanding  # noqa: E402
from exporters.segmentation.encoder import swin_encoder  # noqa: E402
from exporters.segmentation.published import (  # noqa: E402
    UNUSED,
    load_backbones,
    load_published,
    used_weights,
)
from exporters.segmentation.unet import build_swin_unet  # noqa: E402
from exporters.torch import zoo  # noqa: E402
from exporters.torch.torch_model import check_parity, convert  # noqa: E402

zoo.import_torchvision()
from torchvision.models import SwinTransformer, swin_t  # noqa: E402

TINY = Dimensions(bands=(3,), classes=5, embed=8, depths=(2, 2), heads=(1, 2), window=3)
TINY_TWO = Dimensions(bands=(2, 13), classes=8, embed=8, depths=(2, 2), heads=(1, 2), window=3)

Weights = dict[str, Any]


def renamed(theirs: Weights) -> Weights:
    """torchvision's weights under the names of the first implementation."""
    found = {}
    for name, value in theirs.items():
        parts = name.split(".")
        if parts[0] == "head" or parts[-1] == "relative_position_index":
            continue
        if parts[0] == "norm":
            found[name] = value
            continue
        number, rest = int(parts[1]), ".".join(parts[3:])
        if number == 0:
            stem = {"0": "proj", "2": "norm"}[parts[2]]
            found[f"patch_embed.{stem}.{rest}"] = value
        elif number % 2:
            rest = rest.replace("mlp.0", "mlp.fc1").replace("mlp.3", "mlp.fc2")
            found[f"layers.{number // 2}.blocks.{parts[2]}.{rest}"] = value
        else:
            found[f"layers.{number // 2 - 1}.downsample.{parts[2]}.{rest}"] = value
    return found


def shaken(network: Any, seed: int) -> Any:
    """A network in evaluation mode all of whose weights are random, biases and norms too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.2)
    return network.eval()


def images(*shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize("sides", [(48, 48), (24, 24), (40, 60), (12, 100)])
def test_the_encoder_answers_as_torchvision_does(sides: tuple[int, int]) -> None:
    """Sides that windows fill, sides of one window, and sides that both fill with zeros."""
    theirs = shaken(SwinTransformer([4, 4], 8, [2, 2], [1, 2], [3, 3], num_classes=2), 0)
    ours = swin_encoder(TINY, 3).eval()
    ours.load_state_dict(renamed(theirs.state_dict()), strict=True)
    x = images(2, 3, *sides)
    with torch.no_grad():
        assert torch.equal(ours(x)[-1], theirs.norm(theirs.features(x)))


def test_the_sizes_of_swin_t_are_torchvisions() -> None:
    theirs, ours = swin_t(weights=None).eval(), swin_encoder(Dimensions(), 3).eval()
    ours.load_state_dict(renamed(theirs.state_dict()), strict=True)
    x = images(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(ours(x)[-1], theirs.norm(theirs.features(x)))


def test_expanding_puts_new_patches_where_pixel_shuffle_does() -> None:
    """pixel_shuffle wants the channels of a patch in another order."""
    layer = patch_expanding(6, 4, 5).eval()
    x = images(2, 3, 2, 6)
    with torch.no_grad():
        wide = layer.expand(x).reshape(2, 3, 2, 16, 5).transpose(3, 4).reshape(2, 3, 2, 80)
        wanted = torch.nn.functional.pixel_shuffle(wide.permute(0, 3, 1, 2), 4)
        assert torch.equal(layer(x), layer.norm(wanted.permute(0, 2, 3, 1)))


@pytest.mark.parametrize("sides", [(24, 24), (25, 31), (7, 50), (1, 1)])
def test_an_image_of_any_size_gets_a_class_for_each_pixel(sides: tuple[int, int]) -> None:
    network = shaken(build_swin_unet(TINY, 0), 1)
    with torch.no_grad():
        assert network(images(2, 3, *sides)).shape == (2, 5, *sides)


def test_every_weight_of_a_network_has_a_part_in_its_answer() -> None:
    network = shaken(build_swin_unet(TINY_TWO, 0), 2)
    network(images(1, 2, 48, 48), images(1, 13, 48, 48)).square().sum().backward()
    assert [name for name, w in network.named_parameters() if not w.grad.any()] == []


def as_published(network: Any) -> Weights:
    """The file of a trained network, by the inverse of the rule, with all that it has besides."""
    weights = dict(network.state_dict())
    for name, value in network.state_dict().items():
        number = name.removeprefix("backbone")[:1]
        if name.startswith("backbone"):
            rest = name.partition(".")[2]
            weights[f"decoder{number}.backbone.{rest}"] = value
            if rest.startswith("layers."):
                weights[f"decoder{number}.{rest}"] = torch.zeros_like(value)
            if rest.endswith("relative_position_bias_table"):
                block = name.removesuffix("relative_position_bias_table")
                weights[f"{block}relative_position_index"] = torch.zeros(9, 9, dtype=torch.int64)
                weights[f"{block.removesuffix('attn.')}attn_mask"] = torch.zeros(4, 9, 9)
        if name.startswith(("decoder1.up.", "decoder1.output.")):
            weights[name.replace("decoder1", "decoder2")] = torch.zeros_like(value)
    for number in "12":
        weights[f"backbone{number}.head.weight"] = torch.zeros(1000, 16)
        weights[f"backbone{number}.head.bias"] = torch.zeros(1000)
    return weights


@pytest.fixture
def trained() -> Any:
    return shaken(build_swin_unet(TINY_TWO, 0), 3)


def test_a_published_network_is_loaded(tmp_path: Path, trained: Any) -> None:
    weights = as_published(trained)
    assert all(any(name.startswith(start) for name in weights) for start in UNUSED)
    file = {"model_weights": weights, "optim_state": {"state": {}}, "epoch": 3}
    torch.save(file, tmp_path / "net.pth")
    found = build_swin_unet(TINY_TWO, 9).eval()
    load_published(found, tmp_path / "net.pth")
    assert all(
        torch.equal(value, trained.state_dict()[name]) for name, value in found.state_dict().items()
    )
    pair = images(2, 2, 20, 24), images(2, 13, 20, 24)
    with torch.no_grad():
        assert torch.equal(found(*pair), trained(*pair))


def test_the_published_sizes_are_those_of_the_layout() -> None:
    with torch.device("meta"):
        network = build_swin_unet(NETWORKS["swin_unet_two"], 0)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    published = {
        "backbone1.patch_embed.proj.weight": (96, 2, 4, 4),
        "backbone2.patch_embed.proj.weight": (96, 13, 4, 4),
        "backbone2.layers.2.blocks.5.attn.relative_position_bias_table": (169, 12),
        "backbone2.layers.3.blocks.1.mlp.fc1.weight": (3072, 768),
        "backbone1.layers.2.downsample.reduction.weight": (768, 1536),
        "decoder1.layers_up.0.expand.weight": (1536, 768),
        "decoder2.layers_up.1.upsample.norm.weight": (192,),
        "decoder2.layers_up.3.blocks.1.norm2.bias": (96,),
        "decoder1.concat_back_dim.3.weight": (96, 192),
        "decoder1.norm_up.weight": (96,),
        "decoder1.up.expand.weight": (3072, 192),
        "decoder1.output.weight": (8, 192, 1, 1),
    }
    assert {name: shapes.get(name) for name in published} == published
    assert used_weights(shapes) == shapes


def broken(weights: Weights, how: str) -> Weights:
    first = "backbone1.patch_embed.proj.weight"
    if how == "unknown":
        return weights | {"decoder1.more": torch.zeros(1)}
    if how == "missing":
        return {name: value for name, value in weights.items() if name != "decoder2.norm_up.bias"}
    if how == "shape":
        return weights | {first: torch.zeros(8, 3, 4, 4)}
    return {f"module.module2.{name}": value for name, value in weights.items()}


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("unknown", "1 unexpected: decoder1.more"),
        ("missing", "1 missing: decoder2.norm_up.bias"),
        ("shape", r"backbone1.patch_embed.proj.weight is \(8, 3, 4, 4\), not \(8, 2, 4, 4\)"),
        ("names", "missing: backbone1.patch_embed.proj.weight"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, trained: Any, how: str, says: str
) -> None:
    torch.save({"model_weights": broken(as_published(trained), how)}, tmp_path / "net.pth")
    with pytest.raises(BadCheckpoint, match=says):
        load_published(build_swin_unet(TINY_TWO, 0), tmp_path / "net.pth")


def backbones(network: Any, tmp_path: Path) -> Path:
    weights = {
        name: value for name, value in as_published(network).items() if name.startswith("backbone")
    }
    path = tmp_path / "pretrained.pth"
    torch.save({"epoch": 9, "arch": "swin_t", "state_dict": weights, "optimizer": {}}, path)
    return path


def test_backbones_alone_are_no_network_to_export(tmp_path: Path, trained: Any) -> None:
    with pytest.raises(BadCheckpoint, match=r"backbones without a decoder.*--init"):
        load_published(build_swin_unet(TINY_TWO, 0), backbones(trained, tmp_path))


def test_backbones_are_loaded_beside_new_decoders(tmp_path: Path, trained: Any) -> None:
    network = build_swin_unet(TINY_TWO, 9)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert load_backbones(network, backbones(trained, tmp_path)) == ("backbone1", "backbone2")
    for name, value in network.state_dict().items():
        source = trained.state_dict() if name.startswith("backbone") else before
        assert torch.equal(value, source[name]), name


def test_a_network_of_one_input_takes_the_backbone_of_its_channels(
    tmp_path: Path, trained: Any
) -> None:
    sizes = Dimensions(bands=(13,), embed=8, depths=(2, 2), heads=(1, 2), window=3)
    network, path = build_swin_unet(sizes, 0), backbones(trained, tmp_path)
    assert load_backbones(network, path) == ("backbone2",)
    weight = "patch_embed.proj.weight"
    assert torch.equal(
        network.state_dict()[f"backbone1.{weight}"], trained.state_dict()[f"backbone2.{weight}"]
    )
    with pytest.raises(BadCheckpoint, match="backbone1 with 2, backbone2 with 13"):
        load_backbones(build_swin_unet(TINY, 0), path)


def test_a_network_of_two_inputs_becomes_a_model_of_two_inputs() -> None:
    sizes = Dimensions(bands=(2, 13), embed=4, depths=(1, 1), heads=(1, 1), window=2)
    network = shaken(build_swin_unet(sizes, 0), 4)
    inputs = {"s1": (2, 10, 9), "s2": (13, 10, 9)}
    model = convert(network, inputs, {})
    assert check_parity(model, network, inputs, 0).largest > 0.0
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert [i.name for i in session.get_inputs()] == ["s1", "s2"]
    fed = {name: np.zeros((4, *shape), np.float32) for name, shape in inputs.items()}
    assert session.run(["logits"], fed)[0].shape == (4, 8, 10, 9)


def test_names_and_channels_that_no_network_has_are_refused() -> None:
    with pytest.raises(BadNetwork, match=r"swin_unet_twoo \(did you mean swin_unet_two\?\)"):
        dimensions_of("swin_unet_twoo", None, None)
    with pytest.raises(BadOption, match=r"takes 2 \+ 13 channels, not 4"):
        dimensions_of("swin_unet_two", None, (4, 64, 64))
    assert dimensions_of("swin_unet", 11, (13, 64, 64)).bands == (13,)
    assert dimensions_of("swin_unet_two", 11, (15, 64, 64)).classes == 11
