"""The commands that stand beside the figures: the stages, and one example in full."""

from __future__ import annotations

import textwrap

from paper.findings.results import Results
from paper.findings.words import code

WIDTH = 110
"""Characters of a line of an example."""


def commands(results: Results, *stages: str) -> str:
    """A fenced block with what made the figures.

    Args:
        results: with the records of the stages.
        stages: one of each kind, such as ``fp32/resnet20-1``: the examples.

    Returns:
        The patterns of the stages, and the command of each example as its record has it.
    """
    kinds = " ".join(f"'{stage.partition('/')[0]}/*'" for stage in stages)
    lines = [f"python -m paper {kinds}"]
    for stage in stages:
        record = results.record(stage)
        if record:
            lines += [f"# {stage}:", folded(record["command"])]
    return code("\n".join(lines))


def folded(command: str) -> str:
    """A long command over several lines, as a shell takes it."""
    lines = textwrap.wrap(
        command, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    return " \\\n".join(lines)
