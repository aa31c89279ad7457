"""uint8 images -> model inputs: x = (pixel * scale - mean) / std, resized, cropped, laid out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analyzer.errors import DataMismatch, TooLarge
from analyzer.model import InputSignature, Preprocessing, limits

CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True)
class Target:
    """What one image must become.

    Attributes:
        layout: ``NCHW`` or ``NHWC``.
        channels: Number of channels.
        height: Rows, None if any.
        width: Columns, None if any.
        dtype: numpy dtype of the model's input.
    """

    layout: str
    channels: int
    height: int | None
    width: int | None
    dtype: str


def target_of(signature: InputSignature, preprocessing: Preprocessing) -> Target:
    """Read the wanted image form from a model's input.

    Raises:
        DataMismatch: the input is no image of 1, 3 or 4 channels.
    """
    if len(signature.shape) != 4:
        raise DataMismatch(
            f"input {signature} takes no images (batch, channels, rows, columns); give the data "
            "as float arrays already in the model's input shape"
        )
    layout = preprocessing.layout or _guess_layout(signature)
    first, second, third = signature.item
    channels, height, width = (first, second, third) if layout == "NCHW" else (third, first, second)
    if channels not in CHANNELS:
        raise DataMismatch(
            f"input {signature} read as {layout} has {channels or 'unknown'} channels; "
            "images have 1 or 3 - state the layout by --layout or in the metadata"
        )
    return Target(layout, int(channels), height, width, signature.dtype)


def _guess_layout(signature: InputSignature) -> str:
    _, first, _, last = signature.shape
    return "NHWC" if last in CHANNELS and first not in CHANNELS else "NCHW"


def as_nhwc(images: npt.NDArray[np.uint8], channels: int) -> npt.NDArray[np.uint8]:
    """Images with channels last, whatever order they came in.

    Args:
        images: uint8 (n, rows, columns), (n, rows, columns, channels) or (n, channels, rows,
            columns).
        channels: how many the model wants.

    Raises:
        DataMismatch: no axis has that many channels.
    """
    if images.ndim == 3 and channels == 1:
        return images[..., None]
    if images.ndim == 4 and images.shape[-1] == channels:
        return images
    if images.ndim == 4 and images.shape[1] == channels:
        return np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    raise DataMismatch(
        f"images of shape {images.shape} do not have the {channels} channels that the model wants"
    )


def prepare(
    images: npt.NDArray[np.uint8], target: Target, preprocessing: Preprocessing
) -> npt.NDArray[Any]:
    """Model inputs from images.

    Args:
        images: uint8 (n, rows, columns, channels), RGB.
        target: the wanted form.
        preprocessing: resize, crop, color order, scale, mean, std.

    Returns:
        Array of ``target.dtype``, (n, channels, rows, columns) or (n, rows, columns, channels).

    Raises:
        DataMismatch: the images cannot be given the model's size.
    """
    sized = _resized(images, target, preprocessing)
    if preprocessing.color == "BGR" and target.channels == 3:
        sized = sized[..., ::-1]
    if target.dtype == "uint8":
        values: npt.NDArray[Any] = sized
    else:
        mean, std = (np.asarray(v, np.float32) for v in (preprocessing.mean, preprocessing.std))
        scaled = sized.astype(np.float32) * np.float32(preprocessing.scale)
        values = _normalized(scaled, mean, std, target.channels)
    if target.layout == "NCHW":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, dtype=target.dtype)


def check_pixels(rows: int, columns: int, what: str) -> None:
    """Refuse an image before memory is reserved for it.

    Raises:
        TooLarge: it has more pixels than an image may have.
    """
    if rows * columns > limits.IMAGE_PIXELS:
        raise TooLarge(
            f"{what} has {rows}x{columns} pixels; at most {limits.IMAGE_PIXELS:,} are handled"
        )


def check_total(size: int) -> None:
    """Refuse a data set before memory is reserved for it.

    Raises:
        TooLarge: prepared, it takes more bytes than a data set may.
    """
    if size > limits.DATA_BYTES:
        raise TooLarge(
            f"the data set takes {size:,} bytes once prepared; at most {limits.DATA_BYTES:,} are "
            "handled, use fewer --images"
        )


def _normalized(
    scaled: npt.NDArray[np.float32],
    mean: npt.NDArray[np.float32],
    std: npt.NDArray[np.float32],
    channels: int,
) -> npt.NDArray[np.float32]:
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, channels):
            raise DataMismatch(
                f"preprocessing {name} has {len(values)} values for {channels} channels"
            )
    return ((scaled - mean) / std).astype(np.float32)


def _resized(
    images: npt.NDArray[np.uint8], target: Target, preprocessing: Preprocessing
) -> npt.NDArray[np.uint8]:
    """Images of the wanted size; one byte per value, and checked for what they will take later."""
    if preprocessing.resize:
        images = _all_exactly(images, *_shorter_side(images, preprocessing.resize), target)
    if preprocessing.crop:
        images = _center_crop(images, preprocessing.crop)
    rows, columns = images.shape[1:3]
    wanted = (target.height or rows, target.width or columns)
    return _all_exactly(images, *wanted, target)


def _all_exactly(
    images: npt.NDArray[np.uint8], rows: int, columns: int, target: Target
) -> npt.NDArray[np.uint8]:
    check_pixels(rows, columns, "an image, resized as the model or --resize says,")
    values = len(images) * rows * columns * images.shape[-1]
    check_total(values * np.dtype(target.dtype).itemsize)
    if images.shape[1:3] == (rows, columns):
        return images
    return np.stack([_exactly(i, rows, columns) for i in images])


def _shorter_side(images: npt.NDArray[np.uint8], length: int) -> tuple[int, int]:
    """Rows and columns once the shorter side has ``length`` pixels."""
    rows, columns = images.shape[1:3]
    factor = length / min(rows, columns)
    return round(rows * factor), round(columns * factor)


def _exactly(image: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.uint8]:
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    resized = np.asarray(picture.resize((columns, rows), Image.Resampling.BILINEAR))
    return resized.reshape(rows, columns, -1)


def _center_crop(images: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    rows, columns = images.shape[1:3]
    if side > min(rows, columns):
        raise DataMismatch(
            f"images of {rows}x{columns} pixels are smaller than the crop of {side}; set --resize"
        )
    top, left = (rows - side) // 2, (columns - side) // 2
    return images[:, top : top + side, left : left + side]
