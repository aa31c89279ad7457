"""Images -> model inputs: x = (pixel * scale - mean) / std, resized, cropped, laid out.

Pictures are uint8; bands of sensors may be uint16 or float32, and are resized band by band.

Resizing and cropping follow torchvision to the pixel: ``Resize`` of the shorter side and
``CenterCrop``, on PIL images (``_compute_resized_output_size`` and ``center_crop`` in
``torchvision.transforms.functional``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import DataMismatch
from analyzer.evaluation.image_sizes import check_pixels, resized_size
from analyzer.evaluation.resampling import CHANNELS, Values, all_exactly, center_crop, nearest
from analyzer.model import InputSignature, Preprocessing


@dataclass(frozen=True, slots=True)
class Target:
    """The form that one image must take.

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

    @property
    def shown(self) -> str:
        """Half a sentence on what the model takes."""
        channels = f"{self.channels} channel{'s' * (self.channels > 1)}"
        return f"the model takes {self.dtype} images of {channels}"

    def item(self, rows: int, columns: int) -> tuple[int, int, int]:
        """Shape of one input of so many rows and columns, in the order of the layout.

        Args:
            rows: pixels from top to bottom.
            columns: pixels from left to right.
        """
        if self.layout == "NCHW":
            return self.channels, rows, columns
        return rows, columns, self.channels


def target_of(
    signature: InputSignature,
    preprocessing: Preprocessing,
    known: Collection[int] = CHANNELS,
) -> Target:
    """Read the wanted image form from a model's input.

    Args:
        signature: of one of the model's inputs.
        preprocessing: names the layout where it is known.
        known: numbers of channels that the images have or can be given.

    Raises:
        DataMismatch: the input is no image of so many channels.
    """
    if len(signature.shape) != 4:
        raise DataMismatch(
            f"input {signature} takes no images (batch, channels, rows, columns); give the data "
            "as float arrays already in the model's input shape"
        )
    layout = preprocessing.layout or _guess_layout(signature, known)
    first, second, third = signature.item
    channels, height, width = (first, second, third) if layout == "NCHW" else (third, first, second)
    if channels is None or channels not in known:
        have = "1 or 3" if known is CHANNELS else " or ".join(map(str, sorted(known)))
        raise DataMismatch(
            f"input {signature} read as {layout} has {channels or 'unknown'} channels; "
            f"images have {have} - state the layout by --layout or in the metadata"
        )
    return Target(layout, channels, height, width, signature.dtype)


def _guess_layout(signature: InputSignature, known: Collection[int]) -> str:
    _, first, _, last = signature.shape
    return "NHWC" if last in known and first not in known else "NCHW"


def order_of(shape: Sequence[int], target: Target) -> str:
    """The order of the axes of images: ``NHW``, ``NHWC`` or ``NCHW``.

    Pixels that are exactly a uint8 model's own input are in the model's order; else channels are
    last if they can be.

    Args:
        shape: of the images, (n, rows, columns) or with an axis for the channels.
        target: what they become.

    Raises:
        DataMismatch: no axis has as many channels as the model wants.
    """
    item, channels = tuple(shape[1:]), target.channels
    if len(item) == 2 and channels == 1:
        return "NHW"
    if len(item) == 3:
        own = target.item(target.height or 0, target.width or 0)
        if target.dtype == "uint8" and item == own:
            return target.layout
        if item[-1] == channels:
            return "NHWC"
        if item[0] == channels:
            return "NCHW"
    raise DataMismatch(
        f"images of shape {tuple(shape)} do not have the {channels} channels that the model wants"
    )


def as_nhwc(images: npt.NDArray[np.uint8], order: str) -> npt.NDArray[np.uint8]:
    """Images with channels last.

    Args:
        images: uint8 (n, ...).
        order: of their axes: ``NHW``, ``NHWC`` or ``NCHW``.
    """
    if order == "NHW":
        return images[..., None]
    return images.transpose(0, 2, 3, 1) if order == "NCHW" else images


def prepare(
    images: npt.NDArray[Any], target: Target, preprocessing: Preprocessing
) -> npt.NDArray[Any]:
    """Model inputs from images.

    Args:
        images: (n, rows, columns, channels): uint8, RGB; or bands, uint8, uint16 or float32.
        target: the wanted form.
        preprocessing: resize, crop, color order, scale, mean, std.

    Returns:
        Array of ``target.dtype``, (n, channels, rows, columns) or (n, rows, columns, channels).

    Raises:
        DataMismatch: the images cannot be given the model's size, or its uint8.
        TooLarge: the size is more than an image may have.
    """
    sized = _resized(images, target, preprocessing)
    if preprocessing.color == "BGR" and target.channels == 3:
        sized = sized[..., ::-1]
    if target.dtype == "uint8":
        if sized.dtype != np.uint8:
            raise DataMismatch(
                f"the model takes uint8, and the bands of the images are {sized.dtype}"
            )
        values: npt.NDArray[Any] = sized
    else:
        check_channels(preprocessing, target.channels)
        mean, std = (np.asarray(v, np.float32) for v in (preprocessing.mean, preprocessing.std))
        scaled = sized.astype(np.float32) * np.float32(preprocessing.scale)
        values = ((scaled - mean) / std).astype(np.float32)
    if target.layout == "NCHW":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, dtype=target.dtype)


def final_size(
    rows: int, columns: int, target: Target, preprocessing: Preprocessing
) -> tuple[int, int]:
    """Rows and columns of an image once it is prepared.

    Args:
        rows: of the image.
        columns: likewise.
        target: the wanted form.
        preprocessing: resize and crop.

    Raises:
        DataMismatch: the image is smaller than the crop.
        TooLarge: it, or a step on the way, has more pixels than an image may have.
    """
    cut = _cut_size(rows, columns, preprocessing)
    wanted = target.height or cut[0], target.width or cut[1]
    check_pixels(*wanted, RESIZED)
    return wanted


def is_stretched(rows: int, columns: int, target: Target, preprocessing: Preprocessing) -> bool:
    """True if an image is stretched to the model's size: nothing says otherwise.

    Args:
        rows: of the image.
        columns: likewise.
        target: the wanted form.
        preprocessing: resize and crop.
    """
    cut = _cut_size(rows, columns, preprocessing)
    return final_size(rows, columns, target, preprocessing) != cut


def _cut_size(rows: int, columns: int, preprocessing: Preprocessing) -> tuple[int, int]:
    """Rows and columns after `Preprocessing.resize` and ``crop``."""
    if preprocessing.resize:
        rows, columns = resized_size(rows, columns, preprocessing.resize)
        check_pixels(rows, columns, RESIZED)
    side = preprocessing.crop
    if side is None:
        return rows, columns
    if side > min(rows, columns):
        raise DataMismatch(
            f"images of {rows}x{columns} pixels are smaller than the crop of {side}; set --resize"
        )
    return side, side


def check_channels(preprocessing: Preprocessing, channels: int) -> None:
    """Refuse means and deviations that are neither one for all channels nor one for each.

    Args:
        preprocessing: how images are prepared.
        channels: of the model's input.

    Raises:
        DataMismatch: there are others.
    """
    for name, values in (("mean", preprocessing.mean), ("std", preprocessing.std)):
        if len(values) not in (1, channels):
            raise DataMismatch(
                f"preprocessing {name} has {len(values)} values for {channels} channels"
            )


RESIZED = "an image, resized as the model or --resize says,"


def _resized(images: Values, target: Target, preprocessing: Preprocessing) -> Values:
    """Images of the wanted size; one value stays one value."""
    rows, columns = images.shape[1:3]
    wanted = final_size(rows, columns, target, preprocessing)
    if preprocessing.resize:
        images = all_exactly(images, *resized_size(rows, columns, preprocessing.resize))
    if preprocessing.crop:
        images = center_crop(images, preprocessing.crop)
    return all_exactly(images, *wanted)


def prepare_mask(
    mask: npt.NDArray[np.uint8], target: Target, preprocessing: Preprocessing
) -> npt.NDArray[np.uint8]:
    """A mask as its image becomes an input, by the nearest pixel: classes are no shades.

    Args:
        mask: uint8 (rows, columns).
        target: what its image becomes.
        preprocessing: resize and crop.

    Returns:
        uint8 (rows, columns) of the input.

    Raises:
        DataMismatch: it is smaller than the crop.
        TooLarge: the size is more than an image may have.
    """
    rows, columns = mask.shape
    wanted = final_size(rows, columns, target, preprocessing)
    if preprocessing.resize:
        mask = nearest(mask, *resized_size(rows, columns, preprocessing.resize))
    if preprocessing.crop:
        mask = center_crop(mask[None, ..., None], preprocessing.crop)[0, ..., 0]
    return nearest(mask, *wanted)
