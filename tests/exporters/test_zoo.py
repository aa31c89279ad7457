"""torchvision's networks: found, made, described as torchvision describes them."""

import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.errors import BadOption
from exporters.torch import zoo
from tests.exporters.test_export_refusals import assert_refused
from tests.support import ROOT, invoke

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
zoo.import_torchvision()

from torchvision import models  # noqa: E402

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

ALONE = """
try:
    import torchvision
except RuntimeError as error:
    assert "torchvision::nms does not exist" in str(error), error
    from exporters.torch.zoo import check_name
    check_name("resnet18")
    print("mended")
else:
    print("whole")
"""


def test_torchvision_without_its_compiled_part_is_imported() -> None:
    """As on machines with a CPU-only torch and torchvision's wheel for CUDA."""
    command = [sys.executable, "-c", ALONE]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.stdout == "whole\n":
        pytest.skip("this torchvision was built for this torch")
    assert run.stdout == "mended\n", run.stderr


def test_an_unknown_architecture_is_named_with_the_nearest(tmp_path: Path) -> None:
    run = invoke("export", "torchvision:resnet5O", "-o", tmp_path / "out.onnx")
    says = "no classification network resnet5O (did you mean resnet50?)"
    assert_refused(run, "bad-network", says, tmp_path)


@pytest.mark.parametrize(
    ("file", "resize"),
    [
        (None, 256),
        ("mine.pth", 256),
        ("resnet50-0676ba61.pth", 256),
        ("resnet50-11ad3fa6.pth", 232),
    ],
)
def test_images_are_prepared_as_the_weights_want(file: str | None, resize: int) -> None:
    found = zoo.recommended("resnet50", Path(file) if file else None)
    assert (found.side, found.preprocessing.resize, found.preprocessing.crop) == (224, resize, 224)
    assert (found.preprocessing.mean, found.preprocessing.std) == IMAGENET
    assert not found.bicubic


def test_other_interpolation_is_noted() -> None:
    assert zoo.recommended("efficientnet_b0", None).bicubic


def test_inception_is_fed_what_torchvision_makes_of_its_inputs() -> None:
    """Torchvision's pretrained Inception converts ImageNet's normalization to x from -1 to 1."""
    found = zoo.recommended("inception_v3", None)
    assert found.side == 299
    pixels = torch.rand((2, 3, 75, 75), generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in IMAGENET)
    theirs = models.inception_v3(weights=None, init_weights=False, transform_input=True).eval()
    wanted = theirs._transform_input((pixels - mean) / std)
    own_mean, own_std = (
        torch.tensor(v).reshape(1, 3, 1, 1)
        for v in (found.preprocessing.mean, found.preprocessing.std)
    )
    assert torch.allclose((pixels - own_mean) / own_std, wanted, atol=1e-6)


def test_weights_depend_on_the_seed_alone() -> None:
    one, two, other = (zoo.build_known("resnet18", 10, seed) for seed in (0, 0, 1))
    assert torch.equal(one.conv1.weight, two.conv1.weight)
    assert not torch.equal(one.conv1.weight, other.conv1.weight)
    assert one.fc.out_features == 10


def test_no_matrix_is_left_at_zero() -> None:
    """As the last one of a Vision Transformer is before training: it would answer 0 to all."""
    assert not models.vit_b_32(weights=None).heads.head.weight.any()
    network = zoo.build_known("vit_b_32", 10, 0)
    assert all(p.any() for p in network.parameters() if p.ndim > 1)


def test_a_class_count_that_does_not_suit(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("too few")

    monkeypatch.setattr(models, "get_model", refuse)
    with pytest.raises(BadOption, match="--classes 2 does not suit densenet121: too few"):
        zoo.build_known("densenet121", 2, 0)


def test_untrained_batchnorm_gets_the_statistics_of_what_passes() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))
    zoo.settle_batchnorm(network, (3, 8, 8), seed=5)
    generator = torch.Generator().manual_seed(5)
    seen = network[0](torch.randn((zoo.SETTLING_IMAGES, 3, 8, 8), generator=generator))
    norm = network[1]
    assert torch.allclose(norm.running_mean, seen.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(norm.running_var, seen.var((0, 2, 3)), rtol=1e-4)
    assert not norm.training
    assert norm.momentum == 0.1
