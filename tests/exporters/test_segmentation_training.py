"""Training of segmentation networks: masks follow images, pixels without a class do not count."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import BadData
from analyzer.evaluation.sources import ArraySource
from analyzer.model import Preprocessing
from exporters.segmentation.dimensions import Dimensions
from exporters.segmentation.joint_augmentation import JointAugmentation
from exporters.training.augmentation import Augmentation, Flips

torch = pytest.importorskip("torch")

from exporters.segmentation.objective import Segmentation  # noqa: E402
from exporters.segmentation.unet import build_swin_unet  # noqa: E402
from exporters.training.loop import fit  # noqa: E402
from exporters.training.objective import Batch, MaskedObjective, StepInfo  # noqa: E402
from exporters.training.settings import FitSettings  # noqa: E402

PLAIN = Preprocessing("NCHW", scale=1.0)
SIZES = Dimensions(bands=(2, 1), classes=3, embed=8, depths=(1, 1), heads=(1, 1), window=4)
STEP = StepInfo(0, 0, 1, 1)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(9, 20),
    columns=st.integers(9, 20),
    crop=st.sampled_from([None, 8]),
    pad=st.integers(0, 3),
    flips=st.sampled_from(Flips),
    seed=st.integers(0, 2**32),
)
def test_a_mask_is_where_its_image_is(
    rows: int, columns: int, crop: int | None, pad: int, flips: Flips, seed: int
) -> None:
    """The image is its own mask: whatever is done to one is done to the other."""
    mask = np.random.default_rng(seed).integers(1, 9, (rows, columns)).astype(np.uint8)
    shape = (1, crop or rows, crop or columns)
    joint = JointAugmentation(
        Augmentation(shape, Preprocessing("NCHW", crop=crop, scale=1.0), pad, flips)
    )
    view, classes = joint.augmented(mask[..., None], mask, np.random.default_rng(seed))
    beside = view[0].to(torch.int64)  # what is added around an image is 0 in it
    assert torch.equal(torch.where(beside == 0, 255, beside), classes)
    plain = joint.images.plain(mask[..., None])
    assert np.array_equal(plain[0].numpy(), joint.plain(mask))


def scene(images: int, seed: int) -> ArraySource:
    """Three classes that the bands tell, and a border without a class."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 3, (images, 4, 4)).astype(np.uint8)
    masks = coarse.repeat(4, axis=1).repeat(4, axis=2)
    bands = np.stack([masks == number for number in range(3)], axis=-1)
    noise = rng.normal(0.0, 0.2, bands.shape)
    masks[:, 0] = 255
    return ArraySource("scene", (bands + noise).astype(np.float32), None, str(seed), (), masks)


def objective(network: Any, classes: int = 3) -> Segmentation:
    return Segmentation(network, classes, Augmentation((3, 16, 16), PLAIN), {"network": "tiny"})


def test_a_network_of_two_inputs_learns_and_the_best_epoch_is_kept() -> None:
    made = objective(build_swin_unet(SIZES, 0))
    assert isinstance(made, MaskedObjective)
    request = FitSettings(epochs=4, batch=4, learning_rate=1e-2, threads=0)
    found = fit(made, scene(32, 1), scene(16, 2), request, None)
    figures = found.kept.validation
    assert figures["miou"] == max(epoch.validation["miou"] for epoch in found.history)
    assert figures["miou"] > 0.7
    assert made.evaluate(scene(16, 2)) == pytest.approx(figures, abs=1e-6)


def test_pixels_without_a_class_have_no_part_in_the_loss() -> None:
    made = objective(build_swin_unet(SIZES, 0).eval())
    view = torch.rand((2, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    masks = torch.randint(0, 3, (2, 16, 16), generator=torch.Generator().manual_seed(1))
    masks[:, :5] = 255
    scores = made.network(*view.split((2, 1), dim=1))
    rows = torch.arange(2)
    log = scores.log_softmax(1)[:, :, 5:].gather(1, masks[:, None, 5:])
    torch.testing.assert_close(made.loss(Batch((view,), None, masks, rows), STEP), -log.mean())
    none = torch.full_like(masks, 255)
    assert made.loss(Batch((view,), None, none, rows), STEP).item() == 0.0


def test_pixel_figures_are_those_of_all_pixels_together() -> None:
    class Fixed(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: Any) -> Any:
            return torch.cat([x[:, :1], 1.0 - x[:, :1]], dim=1) + self.weight

    answer = np.array([[[1, 1], [0, 0]], [[1, 0], [0, 0]]], np.float32)[..., None]
    masks = np.array([[[0, 1], [1, 255]], [[0, 0], [1, 1]]], np.uint8)
    source = ArraySource("fixed", answer, None, "", (), masks)
    made = Segmentation(Fixed(), 2, Augmentation((1, 2, 2), PLAIN), {}, batch=1)
    found = made.evaluate(source)
    # Class 0 is answered at 3 pixels that count, 2 of them right, and labelled at 3.
    assert found["pixel_accuracy"] == pytest.approx(5 / 7)
    assert found["miou"] == pytest.approx((2 / 4 + 3 / 5) / 2)


def test_a_class_that_the_network_does_not_score_is_refused() -> None:
    with pytest.raises(BadData, match=r"class 2, and the network scores 2 .*--classes"):
        objective(build_swin_unet(SIZES, 0), classes=2).evaluate(scene(2, 0))
    nothing = scene(2, 0)
    assert nothing.masks is not None
    nothing.masks[:] = 255
    with pytest.raises(BadData, match="no pixel of scene has a class"):
        objective(build_swin_unet(SIZES, 0)).evaluate(nothing)
