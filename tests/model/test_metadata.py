"""Preprocessing written into metadata is read back as it was."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.model import Preprocessing, read_preprocessing, write_preprocessing
from analyzer.model.metadata import MOST_PIXELS, PREFIX, READERS

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CHANNELS = st.lists(NUMBERS, min_size=1, max_size=4).map(tuple)
PIXELS = st.none() | st.integers(1, MOST_PIXELS)

PREPROCESSING = st.builds(
    Preprocessing,
    layout=st.sampled_from([None, "NCHW", "NHWC"]),
    color=st.sampled_from(["RGB", "BGR"]),
    resize=PIXELS,
    crop=PIXELS,
    scale=NUMBERS,
    mean=CHANNELS,
    std=st.lists(NUMBERS.filter(bool), min_size=1, max_size=4).map(tuple),
)


@given(PREPROCESSING)
def test_written_preprocessing_is_read_back(wanted: Preprocessing) -> None:
    entries = write_preprocessing(wanted)
    assert all(name.startswith(PREFIX) for name in entries)
    plain = {name.removeprefix(PREFIX): value for name, value in entries.items()}
    assert set(plain) <= set(READERS)
    assert read_preprocessing(plain, "entry") == wanted
