"""Text of other people, made fit for the formats of pipelines."""

from analyzer.reports.shared.terminal_text import one_line


def visible(text: str) -> str:
    r"""``text`` on one line, with everything unprintable written out, as XML cannot hold it.

    >>> visible("conv\x00\n")
    'conv\\x00\\n'
    """
    return one_line(text)
