"""The plug-in of pytest: a package in our place fails the tests that ask for it, and no others."""

import pytest

from relcheck_onnx.foreign import in_our_place

SENTENCE = in_our_place()

if SENTENCE is None:
    from analyzer.pytest_plugin import pytest_addoption, relcheck

    __all__ = ["pytest_addoption", "relcheck"]
else:

    @pytest.fixture(name="relcheck", scope="session")
    def unusable() -> None:
        """Fail with the reason."""
        pytest.fail(f"relcheck cannot be used: {SENTENCE}", pytrace=False)
