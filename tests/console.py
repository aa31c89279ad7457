"""Pages of commands and their output, as tests run them: a ``console`` block is a terminal.

Lines that begin with ``$`` are commands (a backslash continues one), what follows is what they
print on standard output. A line ``...`` stands for any lines, at the end of a line for any rest. A
block whose head names a file (``toml relcheck.toml``) is that file, which the reader writes.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)(?: ([\w./]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d[\d,.]*(?:e-\d+)?")
VERSION = re.compile(r"\b\d+\.\d+\.\d+\b")
ELIDED = "..."


@dataclass(frozen=True)
class Command:
    """One command of a page.

    Attributes:
        words: What is typed.
        shown: The lines that the page shows below it.
    """

    words: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """One file that the reader writes.

    Attributes:
        name: Its path.
        text: What it holds.
    """

    name: str
    text: str


def steps(page: str) -> Iterator[Command | File]:
    """What a reader does, in order.

    Args:
        page: Markdown.
    """
    for kind, name, text in BLOCK.findall(page):
        if name:
            yield File(name, text)
        elif kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                typed, _, rest = re.sub(r"\\\n", "\0", part).partition("\n")
                yield Command(typed.replace("\0", "\\\n"), tuple(rest.splitlines()))


class Reader:
    """Somebody who follows a page in an empty folder.

    Attributes:
        folder: Where.
    """

    def __init__(self, folder: Path) -> None:
        """Start.

        Args:
            folder: exists.
        """
        self.folder = folder
        self._code = 0

    def type(self, command: str) -> str:
        """Type a command; return what it prints to standard output."""
        done = subprocess.run(
            ["bash", "-c", f"(exit {self._code}); {command}"],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "COLUMNS": "80",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        self._code = done.returncode
        return done.stdout

    def follow(self, step: Command | File) -> str:
        """Do one step; return what it prints."""
        if isinstance(step, Command):
            return self.type(step.words)
        (self.folder / step.name).write_text(step.text, "utf-8")
        return ""


def agree(shown: tuple[str, ...], printed: list[str], apart: float) -> bool:
    """If a page shows what a command printed.

    Args:
        shown: lines of the page.
        printed: lines of the command.
        apart: how far a number may be from what is shown.
    """
    if not shown:
        return not printed
    first, *rest = shown
    if first == ELIDED:
        return any(agree(tuple(rest), printed[n:], apart) for n in range(len(printed) + 1))
    if not printed or not _alike(first, printed[0], apart):
        return False
    return agree(tuple(rest), printed[1:], apart)


def _alike(shown: str, printed: str, apart: float) -> bool:
    if shown.endswith(ELIDED):
        shown = shown.removesuffix(ELIDED)
        printed = printed[: len(shown)]
    shown, printed = (VERSION.sub("version", line) for line in (shown, printed))
    if NUMBER.sub("#", shown).split() != NUMBER.sub("#", printed).split():
        return False
    pairs = zip(_figures(shown), _figures(printed), strict=True)
    return all(abs(a - b) <= max(apart, apart * abs(a)) for a, b in pairs)


def _figures(line: str) -> list[float]:
    return [float(number.replace(",", "").rstrip(".")) for number in NUMBER.findall(line)]


def rewritten(page: str, folder: Path) -> str:
    """The page with what its commands print now, except where it leaves lines out.

    Args:
        page: Markdown.
        folder: where the commands run.
    """
    reader = Reader(folder)

    def block(found: re.Match[str]) -> str:
        parts = []
        for step in steps(found[0]):
            printed = reader.follow(step).splitlines()
            if isinstance(step, Command):
                elided = any(line.endswith(ELIDED) for line in step.shown)
                lines = step.shown if elided else [line.rstrip() for line in printed]
                parts += [f"$ {step.words}", *lines]
        return "\n".join(["```console", *parts, "```"]) if parts else found[0]

    return BLOCK.sub(block, page)
