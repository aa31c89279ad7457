"""Preprocessing, against an oracle that computes one pixel at a time."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer.errors import DataMismatch
from analyzer.evaluation.preprocess import Target, as_nhwc, order_of, prepare, target_of
from analyzer.model import InputSignature, Preprocessing

Images = npt.NDArray[np.uint8]

NUMBERS = st.floats(-4.0, 4.0, width=32)
LAYOUTS = st.sampled_from(["NCHW", "NHWC"])


def images_of(channels: int, least: int = 1) -> st.SearchStrategy[Images]:
    sides = st.integers(least, 6)
    shapes = st.tuples(st.integers(1, 3), sides, sides, st.just(channels))
    return shapes.flatmap(lambda shape: hnp.arrays(np.uint8, shape))


def per_channel(channels: int, values: st.SearchStrategy[float]) -> st.SearchStrategy[object]:
    exact = st.lists(values, min_size=channels, max_size=channels).map(tuple)
    return exact | values.map(lambda value: (value,))


def preprocessings(channels: int) -> st.SearchStrategy[Preprocessing]:
    return st.builds(
        Preprocessing,
        color=st.sampled_from(["RGB", "BGR"]),
        scale=st.sampled_from([1.0, 1 / 255, 2.0]),
        mean=per_channel(channels, NUMBERS),
        std=per_channel(channels, NUMBERS.filter(lambda value: abs(value) > 0.1)),
    )


def oracle(images: Images, layout: str, how: Preprocessing) -> npt.NDArray[np.float32]:
    """x = (pixel * scale - mean) / std, pixel by pixel, in float32 as every framework does it."""
    count, rows, columns, channels = images.shape
    wanted = {"NCHW": (count, channels, rows, columns), "NHWC": images.shape}[layout]
    out = np.zeros(wanted, np.float32)
    for n, r, c, k in np.ndindex(*images.shape):
        source = channels - 1 - k if how.color == "BGR" and channels == 3 else k
        mean = np.float32(how.mean[k if len(how.mean) > 1 else 0])
        std = np.float32(how.std[k if len(how.std) > 1 else 0])
        value = (np.float32(images[n, r, c, source]) * np.float32(how.scale) - mean) / std
        out[(n, k, r, c) if layout == "NCHW" else (n, r, c, k)] = value
    return out


def anything(layout: str, channels: int, dtype: str = "float32") -> Target:
    return Target(layout, channels, None, None, dtype)


@given(st.data(), st.sampled_from([1, 3]), LAYOUTS)
def test_pixels_become_inputs_as_the_oracle_says(
    data: st.DataObject, channels: int, layout: str
) -> None:
    images = data.draw(images_of(channels))
    how = data.draw(preprocessings(channels))
    found = prepare(images, anything(layout, channels), how)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, oracle(images, layout, how))


@given(images_of(3), st.sampled_from(["float16", "float64"]))
def test_inputs_have_the_type_that_the_model_takes(images: Images, dtype: str) -> None:
    found = prepare(images, anything("NHWC", 3, dtype), Preprocessing())
    np.testing.assert_array_equal(found, oracle(images, "NHWC", Preprocessing()).astype(dtype))


@given(images_of(3), LAYOUTS)
def test_uint8_models_get_the_pixels_themselves(images: Images, layout: str) -> None:
    found = prepare(images, anything(layout, 3, "uint8"), Preprocessing(mean=(9.0,)))
    back = found.transpose(0, 2, 3, 1) if layout == "NCHW" else found
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(back, images)


@given(images_of(1, least=3), st.integers(1, 3))
def test_crop_keeps_the_central_square(images: Images, side: int) -> None:
    found = prepare(images, anything("NHWC", 1), Preprocessing(scale=1.0, crop=side))
    rows, columns = images.shape[1:3]
    for n, r, c in np.ndindex(found.shape[:3]):
        pixel = images[n, round((rows - side) / 2) + r, round((columns - side) / 2) + c, 0]
        assert found[n, r, c, 0] == pixel
    assert found.shape == (len(images), side, side, 1)


@pytest.mark.parametrize(
    ("size", "resize", "resized"),
    [((4, 8), 2, (2, 4)), ((8, 4), 2, (4, 2)), ((5, 5), 7, (7, 7)), ((2, 3), 4, (4, 6))],
)
def test_resize_sets_the_shorter_side_and_keeps_the_proportions(
    size: tuple[int, int], resize: int, resized: tuple[int, int]
) -> None:
    images = np.full((2, *size, 3), 7, np.uint8)
    found = prepare(images, anything("NHWC", 3), Preprocessing(scale=1.0, resize=resize))
    assert found.shape == (2, *resized, 3)
    assert (found == 7).all()


def test_resize_comes_before_crop() -> None:
    ramp = np.tile(np.arange(0, 240, 10, dtype=np.uint8), (24, 1))[None, ..., None]
    found = prepare(ramp, anything("NHWC", 1), Preprocessing(scale=1.0, resize=12, crop=4))
    assert found.shape == (1, 4, 4, 1)
    columns = found[0, 0, :, 0]
    assert (np.diff(columns) == 20).all()  # half the pixels: twice the step
    assert 80 < columns.mean() < 150  # the middle of the ramp


def test_images_are_brought_to_the_size_that_the_model_fixes() -> None:
    images = np.full((2, 9, 5, 1), 200, np.uint8)
    found = prepare(images, Target("NCHW", 1, 6, 4, "float32"), Preprocessing(scale=1.0))
    assert found.shape == (2, 1, 6, 4)
    assert (found == 200).all()


@given(images_of(3, least=2), st.sampled_from([1, 3]))
def test_images_of_either_order_are_understood(images: Images, channels: int) -> None:
    kept = np.ascontiguousarray(images[..., :channels])
    assume(channels not in kept.shape[1:3])  # else both orders are possible
    target = anything("NHWC", channels)
    for images, order in (
        (kept, "NHWC"),
        (kept.transpose(0, 3, 1, 2), "NCHW"),
        *([(kept[..., 0], "NHW")] if channels == 1 else []),
    ):
        assert order_of(images.shape, target) == order
        np.testing.assert_array_equal(as_nhwc(images, order), kept)


@pytest.mark.parametrize(
    ("layout", "order"), [("NCHW", "NCHW"), ("NHWC", "NHWC")], ids=["first", "last"]
)
def test_what_is_exactly_the_input_is_in_the_order_of_the_model(layout: str, order: str) -> None:
    """``item == own`` in ``order_of``: 3x5x3 could be either."""
    target = Target(layout, 3, *((5, 3) if layout == "NCHW" else (3, 5)), "uint8")
    assert order_of((7, 3, 5, 3), target) == order


def test_images_without_the_channels_of_the_model_are_refused() -> None:
    with pytest.raises(DataMismatch, match="do not have the 3 channels"):
        order_of((2, 8, 8), anything("NCHW", 3))


@pytest.mark.parametrize(
    ("shape", "layout", "target"),
    [
        ((None, 3, 32, 24), None, Target("NCHW", 3, 32, 24, "float32")),
        ((None, 32, 24, 3), None, Target("NHWC", 3, 32, 24, "float32")),
        ((None, None, None, 1), None, Target("NHWC", 1, None, None, "float32")),
        ((4, 1, None, None), None, Target("NCHW", 1, None, None, "float32")),
        ((None, 3, 8, 3), None, Target("NCHW", 3, 8, 3, "float32")),
        ((None, 3, 8, 3), "NHWC", Target("NHWC", 3, 3, 8, "float32")),
    ],
)
def test_layout_is_stated_or_guessed(
    shape: tuple[int | None, ...], layout: str | None, target: Target
) -> None:
    signature = InputSignature("x", "float32", shape)
    assert target_of(signature, Preprocessing(layout=layout)) == target


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((None, 10), "takes no images"),
        ((None, 7, 8, 9), "read as NCHW has 7 channels"),
        ((None, None, 8, 9), "unknown channels"),
    ],
)
def test_inputs_that_are_no_images_are_refused(shape: tuple[int | None, ...], says: str) -> None:
    with pytest.raises(DataMismatch, match=says):
        target_of(InputSignature("x", "float32", shape), Preprocessing())


@pytest.mark.parametrize("name", ["mean", "std"])
def test_as_many_means_as_channels(name: str) -> None:
    images = np.zeros((1, 2, 2, 3), np.uint8)
    how = {"mean": Preprocessing(mean=(1.0, 2.0)), "std": Preprocessing(std=(1.0, 2.0))}[name]
    with pytest.raises(DataMismatch, match=f"{name} has 2 values for 3 channels"):
        prepare(images, anything("NCHW", 3), how)
