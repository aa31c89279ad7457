"""Packages of other people under our names: one that is in our place, one that is beside us."""

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

NAMES = ("analyzer", "exporters")
"""Import names that are also other people's."""

MARK = "relcheck"
"""It stands in the first file of each of our packages (in `RelcheckError`, of analyzer)."""

BESIDE = re.compile(r"(analyzer|exporters|relcheck)-(\d[\w.!+]*?)(-py[\d.]+)?\.(?:dist|egg)-info")
"""What pip leaves of a distribution of such a name. Ours is called relcheck_onnx."""

SLUG = "foreign-package"
"""Its entry in docs/messages.md."""

REMEDY = "install relcheck-onnx in a virtual environment of its own (python3 -m venv)"


def in_our_place() -> str | None:
    """A sentence, if an import name of ours leads to a package of somebody else; else None.

    Nothing is imported: such a package could do anything.
    """
    here = Path(__file__)
    ours = {here.parents[1], here.resolve().parents[1]}
    for name in NAMES:
        first = _first_file(name)
        if first is None or not first.is_file():
            return (
                f"the files of its package {name} are gone, most likely with another package of "
                f"that name; {REMEDY}"
            )
        together = ours & {first.parents[1], first.resolve().parents[1]}
        if not together or MARK not in first.read_text("utf-8", "replace").lower():
            return f"{str(first)!r} belongs to another package that is called {name}, too; {REMEDY}"
    return None


def _first_file(name: str) -> Path | None:
    """The file that would be run first for an import; None if nothing tells."""
    try:
        spec = find_spec(name)
    except ValueError:  # a program put a module of its own there
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def beside_us() -> list[str]:
    """Name and version of distributions whose files may replace ours, and take them along.

    Reads the names in the folders of installed packages: 0.3 ms, where the metadata of all
    distributions would take a hundred times as long.
    """
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    names = (name for folder in folders if os.path.isdir(folder) for name in os.listdir(folder))
    return sorted({f"{m[1]} {m[2]}" for name in names if (m := BESIDE.fullmatch(name))})
