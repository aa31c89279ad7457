"""The inputs of a model and the layers of images that go to each: by their number of channels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, DataMismatch, quoted
from analyzer.evaluation.preprocess import Target, target_of
from analyzer.evaluation.sources.file_images import ImageFiles, Seen
from analyzer.evaluation.sources.pictures import UnreadablePicture
from analyzer.model import InputSignature, Origin, Preprocessing


@dataclass(frozen=True, slots=True)
class Feed:
    """One input of a model.

    Attributes:
        name: Of the input.
        layers: Which layers of an image it is fed, one behind the other.
        target: What these become.
        preprocessing: How.
    """

    name: str
    layers: tuple[int, ...]
    target: Target
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True)
class _Bands:
    """Layers of the images: names and number of channels, and whether values are pixels."""

    names: tuple[str, ...]
    channels: tuple[int, ...]
    bytes: bool

    @property
    def known(self) -> set[int]:
        return {*self.channels, sum(self.channels)}

    def __str__(self) -> str:
        told = zip(self.names, self.channels, strict=True)
        return " and ".join(f"{name or 'images'} of {count} channels" for name, count in told)


def feeds_of(
    source: ImageFiles, signature: InputSignature, preprocessing: Preprocessing
) -> tuple[Feed, ...]:
    """The feeds of all inputs that images go to, the first input first.

    A model of one input takes all layers if it has as many channels, else the layer that has;
    one of several inputs takes a layer for each. Deviations and means of all channels together are
    shared out.

    Args:
        source: the images.
        signature: the model's inputs.
        preprocessing: how images become inputs.

    Raises:
        DataMismatch: channels or inputs do not fit.
        BadData: no image can be read.
    """
    inputs = [signature, *(s for s in signature.others if not s.is_state)]
    if not any(layer.decoder.bands for layer in source.layers):
        _check_one(inputs)
        return (Feed(signature.name, (0,), target_of(signature, preprocessing), preprocessing),)
    bands = _bands(first_readable(source), source)
    if not bands.bytes and preprocessing.origin("scale") is Origin.ASSUMED:
        preprocessing = replace(preprocessing, scale=1.0)
    if len(source.layers) == 1:
        _check_one(inputs)
    targets = [target_of(s, preprocessing, bands.known) for s in inputs]
    chosen = [_layers(t.channels, bands, len(inputs)) for t in targets]
    _check_different(chosen, inputs)
    return tuple(
        Feed(s.name, layers, target, _shared_out(preprocessing, layers, bands))
        for s, layers, target in zip(inputs, chosen, targets, strict=True)
    )


def first_readable(source: ImageFiles) -> Seen:
    """The first image that can be read.

    Raises:
        BadData: none can.
    """
    why = ""
    for index in range(len(source)):
        try:
            return source.look(index)
        except UnreadablePicture as error:
            why = why or f"image {source.place(index)} cannot be read: {error}"
    raise BadData(why)


def _bands(seen: Seen, source: ImageFiles) -> _Bands:
    channels = tuple(part.shape[2] for part in seen.parts)
    pixels = all(part.dtype == np.uint8 for part in seen.parts)
    return _Bands(tuple(layer.name for layer in source.layers), channels, pixels)


def _check_one(inputs: Sequence[InputSignature]) -> None:
    if len(inputs) > 1:
        raise DataMismatch(
            f"the model has {len(inputs)} inputs; an image folder fills one, give an .npz "
            "file with a key for each"
        )


def _layers(channels: int, bands: _Bands, inputs: int) -> tuple[int, ...]:
    """Places of the layers that have so many channels."""
    if inputs == 1 and channels == sum(bands.channels):
        return tuple(range(len(bands.channels)))
    several = [place for place, count in enumerate(bands.channels) if count == channels]
    if len(several) != 1:
        raise DataMismatch(f"an input of {channels} channels fits none of the images: {bands}")
    return (several[0],)


def _check_different(chosen: Sequence[tuple[int, ...]], inputs: Sequence[InputSignature]) -> None:
    if len(set(chosen)) < len(chosen):
        names = " and ".join(quoted(s.name) for s in inputs)
        raise DataMismatch(f"inputs {names} take the same layers of the images")


def _shared_out(how: Preprocessing, layers: tuple[int, ...], bands: _Bands) -> Preprocessing:
    """Means and deviations of all channels, as those of some layers."""
    every = sum(bands.channels)
    starts = np.cumsum([0, *bands.channels])
    taken: npt.NDArray[np.int64] = np.concatenate(
        [np.arange(starts[place], starts[place + 1]) for place in layers]
    )
    if len(taken) == every:
        return how
    found = {
        name: tuple(values[i] for i in taken)
        for name, values in (("mean", how.mean), ("std", how.std))
        if len(values) == every and every > 1
    }
    return replace(how, mean=found.get("mean", how.mean), std=found.get("std", how.std))
