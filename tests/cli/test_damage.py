"""Files damaged at random: either they can still be used, or a sentence says why not."""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from analyzer.errors import InputError
from analyzer.evaluation.readers import read_data
from analyzer.model import InputSignature, Preprocessing, load_model
from tests.support import tiny_cnn_proto, tiny_images

SIGNATURE = InputSignature("image", "float32", (None, 1, 6, 6))

damages = st.lists(
    st.tuples(st.sampled_from(["set", "delete", "insert", "cut"]), st.floats(0, 1), st.binary()),
    min_size=1,
    max_size=4,
)
"""What is done to a file, where (as a share of its length), and with which bytes."""

some = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def damaged(content: bytes, steps: Sequence[tuple[str, float, bytes]]) -> bytes:
    for kind, share, piece in steps:
        at = int(share * len(content))
        match kind:
            case "set":
                content = content[:at] + piece + content[at + len(piece) :]
            case "delete":
                content = content[:at] + content[at + 1 + len(piece) :]
            case "insert":
                content = content[:at] + piece + content[at:]
            case _:
                content = content[:at] if share > 0.5 else content[at:]
    return content


@contextlib.contextmanager
def only_sentences() -> Iterator[None]:
    """Lets pass what a user may be told; a warning would be a line beside the sentence."""
    with contextlib.suppress(InputError), warnings.catch_warnings(action="error"):
        yield


@some
@given(damages)
def test_models(tmp_path: Path, steps: Sequence[tuple[str, float, bytes]]) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(damaged(tiny_cnn_proto().SerializeToString(), steps))
    with only_sentences():
        load_model(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@some
@given(steps=damages)
def test_archives(
    tmp_path: Path, save: Callable[..., None], steps: Sequence[tuple[str, float, bytes]]
) -> None:
    stream = io.BytesIO()
    save(stream, images=tiny_images(4), labels=np.zeros(4, np.int64))
    path = tmp_path / "d.npz"
    path.write_bytes(damaged(stream.getvalue(), steps))
    with only_sentences():
        read_data(path, SIGNATURE, Preprocessing())


@pytest.mark.parametrize("form", ["png", "jpeg", "bmp", "webp", "tiff", "ppm"])
@some
@given(steps=damages)
def test_images(tmp_path: Path, form: str, steps: Sequence[tuple[str, float, bytes]]) -> None:
    stream = io.BytesIO()
    Image.fromarray(tiny_images(1)[0, ..., 0]).save(stream, form)
    path = tmp_path / "d" / "class" / f"image.{form}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(damaged(stream.getvalue(), steps))
    with only_sentences():
        read_data(tmp_path / "d", SIGNATURE, Preprocessing())
