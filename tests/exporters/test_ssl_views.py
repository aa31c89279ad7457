"""Views are pure functions of image and random numbers, and follow the laws that they promise."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from exporters.pretraining.methods import METHODS, method_named
from exporters.pretraining.views.draw import draw_view, whole_image
from exporters.pretraining.views.operations import RATIO, crop_box, resized_bands, turn_hue
from exporters.pretraining.views.view import View

PLAIN = View(16, (1.0, 1.0), jitter_share=0.0, gray=0.0, blur=0.0, mirror=0.0)
"""A view that changes nothing but the size."""


def picture(rows: int = 20, columns: int = 24, channels: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(rows, columns, channels), dtype=np.uint8)


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from([(0.05, 0.14), (0.14, 1.0), (0.2, 1.0), (1.0, 1.0)]),
    st.integers(0, 10**6),
)
@settings(max_examples=200, deadline=None)
def test_crops_lie_within_the_image(
    rows: int, columns: int, scale: tuple[float, float], seed: int
) -> None:
    left, upper, right, lower = crop_box(rows, columns, scale, np.random.default_rng(seed))
    assert 0 <= left < right <= columns
    assert 0 <= upper < lower <= rows


def test_crops_have_the_area_and_the_ratio_of_their_law() -> None:
    rng = np.random.default_rng(0)
    boxes = [crop_box(1000, 1000, (0.2, 0.6), rng) for _ in range(4000)]
    areas = np.array([(r - a) * (b - u) / 1e6 for a, u, r, b in boxes])
    ratios = np.array([(r - a) / (b - u) for a, u, r, b in boxes])
    assert 0.198 < areas.min() < areas.max() < 0.602
    assert areas.mean() == pytest.approx(0.4, abs=0.006)  # uniform on 0.2 to 0.6
    assert RATIO[0] - 0.01 < ratios.min() < ratios.max() < RATIO[1] + 0.01
    assert np.log(ratios).mean() == pytest.approx(0.0, abs=0.01)
    assert np.log(ratios).std() == pytest.approx(np.log(4 / 3) / np.sqrt(3), abs=0.01)


@pytest.mark.parametrize("method", [method.name for method in METHODS])
@pytest.mark.parametrize("image", [picture(), picture(channels=1), picture(channels=13)])
def test_a_view_is_a_function_of_image_and_random_numbers(method: str, image: np.ndarray) -> None:
    before = image.copy()
    laws = method_named(method).views(32)
    first, second, other = (
        [draw_view(image, law, np.random.default_rng(seed)) for law in laws] for seed in (7, 7, 8)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert [view.shape for view in first] == [(law.side, law.side, image.shape[2]) for law in laws]
    assert all(view.dtype == (np.uint8 if image.shape[2] == 3 else np.float32) for view in first)
    np.testing.assert_array_equal(image, before)


def test_views_are_those_of_the_papers() -> None:
    sides = {m.name: [law.side for law in m().views(224)] for m in METHODS}
    pair, many = [224, 224], [224, 224, *[96] * 6]
    assert sides == {"simsiam": pair, "ssql": pair, "swav": many, "dino": many}
    assert [law.side for law in method_named("swav:local=1").views(32)] == [32, 32, 14]
    first, second, *small = method_named("dino").views(224)
    assert (first.blur, second.blur, {law.blur for law in small}) == (1.0, 0.1, {0.5})
    assert (first.solarize, second.solarize) == (0.0, 0.2)
    assert {law.blur for m in METHODS for law in m().views(32)} == {0.0}


def test_a_view_that_changes_nothing_is_the_resized_image() -> None:
    image = picture(20, 20)
    wanted = np.asarray(Pillow.fromarray(image).resize((16, 16), Pillow.Resampling.BICUBIC))
    drawn = draw_view(image, PLAIN, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, wanted)
    always = View(16, (1.0, 1.0), jitter_share=0.0, gray=0.0, blur=0.0, mirror=1.0)
    mirrored = draw_view(image, always, np.random.default_rng(0))
    np.testing.assert_array_equal(mirrored, wanted[:, ::-1])


def test_gray_views_have_no_colors_and_solarized_ones_no_bright_pixels() -> None:
    image = picture()
    gray = View(16, jitter_share=0.0, gray=1.0, blur=0.0)
    drawn = draw_view(image, gray, np.random.default_rng(0))
    assert np.ptp(drawn.astype(int), axis=2).max() == 0
    solarized = View(16, jitter_share=0.0, gray=0.0, blur=0.0, solarize=1.0)
    assert draw_view(image, solarized, np.random.default_rng(0)).max() < 128


def test_a_blur_smooths_and_a_jitter_changes_colors() -> None:
    still = View(64, (1.0, 1.0), jitter_share=0.0, gray=0.0, blur=0.0, mirror=0.0)
    sharp, soft, other = (
        draw_view(picture(64, 64), law, np.random.default_rng(3))
        for law in (still, replace(still, blur=1.0), replace(still, jitter_share=1.0))
    )
    assert soft.std() < 0.9 * sharp.std()
    assert not np.array_equal(other, sharp)


def test_hues_turn_around_the_circle() -> None:
    red = Pillow.new("RGB", (1, 1), (255, 0, 0))
    assert np.asarray(turn_hue(red, 1 / 3))[0, 0].argmax() == 1  # green
    assert np.asarray(turn_hue(red, -1 / 3))[0, 0].argmax() == 2  # blue
    np.testing.assert_array_equal(np.asarray(turn_hue(red, 0.0)), np.asarray(red))


def test_bands_keep_their_values() -> None:
    image = np.full((8, 8, 13), 4321, np.uint16)
    image[:, :, 5] = 7
    resized = resized_bands(image, (1, 1, 7, 7), 16)
    assert resized.shape == (16, 16, 13)
    np.testing.assert_array_equal(resized[:, :, 5], 7.0)
    np.testing.assert_array_equal(resized[:, :, 0], 4321.0)


def test_a_whole_image_is_its_centre() -> None:
    image = picture(32, 32)
    np.testing.assert_array_equal(whole_image(image, 32), image)
    wide = np.zeros((256, 400, 3), np.uint8)
    wide[:, 200:] = 255
    cut = whole_image(wide, 224)
    assert cut.shape == (224, 224, 3)
    assert (cut[:, :110].max(), cut[:, 114:].min()) == (0, 255)
