"""The plug-in of pytest: a package in our place fails the tests that ask for it, and no others.

The options are here, so that a session that sets them in ``addopts`` begins in either case.
"""

import pytest

from relcheck_onnx.foreign import in_our_place

SENTENCE = in_our_place()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the fixture."""
    group = parser.getgroup("relcheck", "reliability of ONNX models (relcheck)")
    group.addoption("--relcheck-budget", metavar="TIME", help="CPU time of each sweep, like 10m.")
    group.addoption("--relcheck-seed", metavar="N", type=int, help="Of every random number.")
    group.addoption("--relcheck-no-cache", action="store_true", help="Run every sweep anew.")


if SENTENCE is None:
    from analyzer.pytest_plugin import relcheck

    __all__ = ["pytest_addoption", "relcheck"]
else:

    @pytest.fixture(name="relcheck", scope="session")
    def unusable() -> None:
        """Fail with the reason."""
        pytest.fail(f"relcheck cannot be used: {SENTENCE}", pytrace=False)
