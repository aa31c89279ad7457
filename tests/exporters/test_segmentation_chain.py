"""Segmentation from masks to a comparison: train, export, harden, quantize, run, compare."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.support import invoke

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

SIDE = 16
NAMES = ("ground", "path", "water", "roof")


def street(folder: Path, name: str, images: int, seed: int) -> Path:
    """Pictures of four flat colors, a mask for each, and pixels without a class at the edge."""
    rng = np.random.default_rng(seed)
    masks = rng.integers(0, 4, (images, 4, 4)).astype(np.uint8).repeat(4, 1).repeat(4, 2)
    colors = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [120, 120, 40]])
    pictures = colors[masks] + rng.integers(-20, 20, (images, SIDE, SIDE, 3))
    masks[:, 0] = 255
    path = folder / f"{name}.npz"
    np.savez(path, images=pictures.astype(np.uint8), labels=masks)
    return path


def refuses(*arguments: str | Path, says: str) -> None:
    run = invoke(*arguments)
    assert run.code == 2
    assert says in run.err
    assert "Traceback" not in run.err


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, the trained weights and their ONNX model."""
    folder = tmp_path_factory.mktemp("street")
    data, test = street(folder, "data", 40, 1), street(folder, "test", 12, 2)
    run = invoke(
        *("train", "segmentation:swin_unet_tiny", "--data", data, "--validation", test),
        *("--input", f"{SIDE}x{SIDE}", "--recipe", "paper", "--epochs", "5", "--batch", "4"),
        *("--lr", "0.01", "--threads", "0", "-o", folder / "net.pt", "--onnx", folder / "net.onnx"),
    )
    assert (run.code, run.err.count("Traceback")) == (0, 0), run.err
    assert "mIoU" in run.out
    model = onnx.load(folder / "net.onnx")
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert entries["relcheck.task"] == "segmentation"
    named = model.metadata_props.add()
    named.key, named.value = "relcheck.labels", ",".join(NAMES)
    onnx.save(model, folder / "net.onnx")
    return folder


def test_a_trained_network_is_hardened_quantized_and_compared(trained: Path) -> None:
    net, bounded, integer = (trained / f"{n}.onnx" for n in ("net", "bounded", "integer"))
    data, test = trained / "data.npz", trained / "test.npz"
    hardened = invoke("harden", net, "--method", "actmax", "--data", data, "-o", bounded)
    assert hardened.code == 0, hardened.err
    assert hardened.out.count("Gelu") == 6  # four blocks down, two up
    for site in onnx.load(bounded).graph.node:
        assert site.op_type != "Clip"
    quantized = invoke("quantize", bounded, "--data", data, "-o", integer)
    assert quantized.code == 0, quantized.err
    report = trained / "compared.json"
    run = invoke(
        *("compare", net, bounded, integer, "--data", test, "--rates", "1e-5"),
        *("--precision", "0.2", "--json", report),
    )
    assert run.code == 0, run.err
    models = json.loads(report.read_text())["models"]
    assert min(model["golden"] for model in models) > 0.7


def test_figures_of_pixels_are_in_the_report_and_decide_a_gate(trained: Path) -> None:
    report, page = trained / "run.json", trained / "run.html"
    run = invoke(
        *("run", trained / "net.onnx", "--data", trained / "test.npz", "--rates", "1e-5"),
        *("--precision", "0.2", "--json", report, "--html", page),
        *("--gate", "iou:Path >= 0.05 @ 1e-5", "--gate", "pixels_changed <= 0.9 @ 1e-5"),
    )
    assert run.code == 0, run.out
    assert "of an image's pixels silently change class" in run.out
    found = json.loads(report.read_text())
    classes = found["golden_classes"]
    assert [one["name"] for one in classes] == list(NAMES)
    assert all(one["pooled_iou"] > 0.7 for one in classes)
    pixels = found["rates"][0]["pixels"]
    assert [one["index"] for one in pixels["classes"]] == [0, 1, 2, 3]
    assert 0.0 < pixels["changed"]["estimate"] < 0.9
    assert '<td class="text">1 path</td>' in page.read_text()


def test_what_cannot_be_trained_or_measured_is_refused(trained: Path, tmp_path: Path) -> None:
    data, out = trained / "data.npz", tmp_path / "net.pt"
    plain = tmp_path / "plain.npz"
    np.savez(plain, images=np.zeros((8, SIDE, SIDE, 3), np.uint8), labels=np.arange(8) % 2)
    network = "segmentation:swin_unet_tiny"
    test = ("--data", plain, "--validation", trained / "test.npz", "-o", out)
    refuses("train", network, *test, says="have no classes")
    apart = ("--data", plain, "--held-out", "0.5", "-o", out)
    refuses("train", network, *apart, says="give data with --masks")
    two = ("train", "segmentation:swin_unet_small_two", "--mean", "0.5", "--data", data)
    refuses(*two, "-o", out, says="--mean has no effect on a network of two inputs")
    nothing = tmp_path / "nothing"
    refuses("train", network, "--data", nothing, "-o", out, says="there is no data set")
    wrong = tmp_path / "wrong.pt"
    torch.save({"backbone1.patch_embed.proj.weight": torch.zeros(8, 2, 4, 4)}, wrong)
    begin = ("train", network, "--data", data, "--input", f"{SIDE}x{SIDE}", "--init", wrong)
    refuses(*begin, "-o", out, says="has no backbone of 3 channels: it has backbone1 with 2")
    assert not out.exists()


def test_an_encoder_is_pretrained_and_goes_on_as_a_segmentation_network(tmp_path: Path) -> None:
    """The backbone is taken as it was; only the decoder begins with random weights."""
    data, images = street(tmp_path, "data", 24, 1), tmp_path / "images.npz"
    np.savez(images, images=np.load(data)["images"])
    network, size = "segmentation:swin_unet_tiny", ("--input", str(SIDE))
    pretrained, trained = tmp_path / "pretrained.pt", tmp_path / "net.pt"
    run = invoke(
        *("pretrain", network, "--method", "simsiam", "--data", images, *size, "--epochs", "1"),
        *("--batch", "8", "--threads", "0", "-o", pretrained),
    )
    assert run.code == 0, run.err
    assert f"relcheck train {network} --init" in " ".join(run.out.split())
    report = tmp_path / "train.json"
    run = invoke(
        *("train", network, "--init", pretrained, "--data", data, *size),
        *("--epochs", "1", "--lr", "1e-12", "--optimizer", "sgd", "--weight-decay", "0"),
        *("--threads", "0", "-o", trained, "--json", report),
    )
    assert run.code == 0, run.err
    assert "relcheck pretrain, simsiam" in json.loads(report.read_text())["network"]["weights"]
    before = torch.load(pretrained, weights_only=True)["state_dict"]
    after = torch.load(trained, weights_only=True)
    after = after.get("state_dict", after)
    assert before
    for name, value in before.items():
        assert torch.allclose(after[name], value, atol=1e-6), name
    assert {name.split(".")[0] for name in after.keys() - before.keys()} == {"decoder1"}


def test_a_network_of_two_inputs_is_not_pretrained(tmp_path: Path) -> None:
    images = tmp_path / "images.npz"
    np.savez(images, images=np.zeros((8, SIDE, SIDE, 15), np.float32))
    refuses(
        *("pretrain", "segmentation:swin_unet_small_two", "--method", "simsiam"),
        *("--data", images, "--input", str(SIDE), "-o", tmp_path / "p.pt"),
        says="2 inputs cannot be pretrained",
    )
