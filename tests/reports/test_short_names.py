"""Names that are too long for a column: shortened in the middle, and never two alike."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.reports.shared.terminal_text import COLUMNS, columns, page, short_names

PARTS = st.text("ab.", min_size=1, max_size=4)
NAMES = st.lists(st.lists(PARTS, min_size=1, max_size=12).map("".join), unique=True, max_size=30)


@given(NAMES, st.integers(8, 40))
def test_no_two_become_equal(names: list[str], width: int) -> None:
    """Fails if names that differ in their middle are cut there."""
    short = short_names(names, width)
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    assert all(len(text) <= width for text in short.values())
    assert all(short[name] == name for name in names if len(name) <= width) or any(
        short[other] == name for name in names for other in names if other != name
    )


def test_the_middle_goes() -> None:
    names = ["stage1.block0.conv1.weight", "stage2.block0.conv1.weight"]
    for text, name in zip(short_names(names, 20).values(), names, strict=True):
        start, _, end = text.partition("…")
        assert start
        assert name.startswith(start)
        assert name.endswith(end)
        assert len(text) == 20


def test_names_that_differ_in_the_middle_alone_are_cut_elsewhere() -> None:
    names = [f"{'a' * 8}{x}{'z' * 30}" for x in "1234"]
    assert len(set(short_names(names, 12).values())) == 4
    assert all("1" <= text[8] <= "4" for text in short_names(names, 12).values())


def test_a_page_has_limits() -> None:
    assert columns() == COLUMNS
    for asked, width in ((10, 60), (60, 60), (120, 120), (500, 200)):
        with page(asked):
            assert columns() == width
    assert columns() == COLUMNS
