"""Bounds at GELU hold from both sides, in every form in which transformers are exported."""

import io
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from exporters.hardening.activations.survey import Side, survey
from exporters.hardening.bounds.clamping import CLAMPING
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.form import BoundForm
from exporters.hardening.bounds.insert import with_bounds
from exporters.hardening.bounds.thresholds import Threshold
from exporters.segmentation.dimensions import Dimensions

torch = pytest.importorskip("torch")

from exporters.segmentation.unet import build_swin_unet  # noqa: E402
from exporters.torch import zoo  # noqa: E402

zoo.import_torchvision()
from torchvision.models import SwinTransformer, VisionTransformer  # noqa: E402


def tanh_form(x: Any) -> Any:
    return torch.nn.functional.gelu(x, approximate="tanh")


def sigmoid_form(x: Any) -> Any:
    return x * torch.sigmoid(1.702 * x)


FORMS = {"Erf": torch.nn.functional.gelu, "Tanh": tanh_form, "Sigmoid": sigmoid_form}


def swin() -> Any:
    return SwinTransformer([4, 4], 8, [2, 2], [1, 2], [3, 3], num_classes=2)


def vit() -> Any:
    return VisionTransformer(16, 8, 2, 2, 16, 32, num_classes=4)


def unet() -> Any:
    return build_swin_unet(Dimensions(classes=5, embed=8, depths=(2, 2), heads=(1, 2), window=2), 0)


NETWORKS = {"swin": (swin, 4), "vit": (vit, 2), "unet": (unet, 6)}


def exported(make: Any, form: str) -> onnx.ModelProto:
    """The network with GELU in several nodes, as exports before opset 20 have it."""
    torch.manual_seed(0)
    network, written = make().eval(), io.BytesIO()
    for module in network.modules():
        if isinstance(module, torch.nn.GELU):
            module.forward = FORMS[form]
    torch.onnx.export(
        network, (torch.zeros(1, 3, 16, 16),), written, opset_version=17, dynamo=False
    )
    return onnx.shape_inference.infer_shapes(onnx.load_from_string(written.getvalue()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_gelu_of_a_transformer_is_bounded_from_both_sides(name: str, form: str) -> None:
    make, count = NETWORKS[name]
    model = exported(make, form)
    assert sum(node.op_type == form for node in model.graph.node) >= count
    found = survey(model)
    assert [site.side for site in found.sites] == [Side.TWO] * count
    bounds = {site.value: Threshold(low=-0.01, high=0.01) for site in found.sites}
    for bound in (CLIPPING, CLAMPING):
        values = _values(with_bounds(model, found.sites, bounds, bound), found.sites)
        assert all(v.min() >= -0.01 and v.max() <= 0.01 for v in values)


def _values(model: onnx.ModelProto, sites: Any) -> list[Any]:
    """The bounded activations on one random image."""
    for site in sites:
        model.graph.output.append(onnx.helper.make_tensor_value_info(site.value, site.dtype, None))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    image = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    return list(session.run([site.value for site in sites], {session.get_inputs()[0].name: image}))


ONE = """
<ir_version: 8, opset_import: ["" : 20]>
agraph (float[N, 4] x) => (float[N, 4] y) { h = Gelu (x) y = Identity (h) }
"""


@pytest.mark.parametrize(
    ("form", "wanted"),
    [(CLIPPING, [0.0, -0.1, 0.0, 1.0]), (CLAMPING, [-0.15, -0.1, 2.0, 1.0])],
    ids=["clips", "clamps"],
)
def test_what_a_fault_puts_below_gelus_minimum_does_not_pass(
    form: BoundForm, wanted: list[float]
) -> None:
    """No input makes GELU less than -0.17: a value of -3 comes from other arithmetic."""
    model = onnx.parser.parse_model(ONE)
    (site,) = survey(model, form.clamps).sites
    bounded = with_bounds(model, (site,), {site.value: Threshold(low=-0.15, high=2.0)}, form)
    made = next(node for node in bounded.graph.node if node.op_type == "Gelu")
    made.op_type = "Identity"  # in its place stands whatever a fault computes
    session = onnxruntime.InferenceSession(bounded.SerializeToString())
    faulty = np.array([[-3.0, -0.1, 1e30, 1.0]], np.float32)
    assert session.run(["y"], {"x": faulty})[0].tolist() == [pytest.approx(wanted, rel=1e-6)]
