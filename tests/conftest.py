"""Fixtures shared by all tests: one small model with its data set, on disk."""

import signal
from pathlib import Path

import hypothesis
import pytest

from tests.support import tiny_cnn, tiny_data, why_no_gpu

pytest_plugins = ["pytester"]

# The same examples on every machine and in every run, however slow it is.
hypothesis.settings.register_profile("relcheck", derandomize=True, deadline=None)
hypothesis.settings.load_profile("relcheck")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Started in the background: commands that tests start would never hear of Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a GPU are skipped where none can be used, and say why."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    reason = why_no_gpu() if marked else None
    for item in marked:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small classifier of 6x6 grey images, 4 classes, any batch size."""
    return tiny_cnn(tmp_path / "tiny.onnx")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """24 labelled uint8 images for it, not found unless named."""
    folder = tmp_path / "data"
    folder.mkdir()
    return tiny_data(folder / "images.npz")


@pytest.fixture(autouse=True)
def _own_surroundings(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test leaves a journal in the user's cache folder or starts worker processes unasked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("RELCHECK_JOBS", "0")
