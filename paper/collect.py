"""Copy the results of a study to where the page is made from them: ``paper/results``.

    python -m paper.collect --folder build/paper --out paper/results

Reports lie there as in the folder, without indentation, and all records in ``records.json``.
Whatever tells of the machine's owner is left out: its name, and where things lie on it.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper.plan.study import FULL, RESULTS, pages
from paper.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EMPTIED = {"host": "", "journal": "", "accelerations": []}
"""Fields of a report's ``run`` -> what is written instead: no figure follows from them."""

UNFINISHED = ".search.json"
"""Ending of what a search for thresholds keeps while it runs."""

PLACE = re.compile(r"(?:^|[\s\"'=(])(/(?:[\w.@+-]+/)+[\w.@+-]+)")
"""An absolute path inside a text."""


class NotPublic(Exception):
    """A report still names a place on this machine."""


def collect(folder: Path, out: Path) -> int:
    """Copy what a study has so far; it need not be complete.

    Args:
        folder: of the study.
        out: gains ``KIND/*.json``, ``models/MODEL-SEED/*.json`` and ``records.json``.

    Returns:
        The number of files that were written.

    Raises:
        NotPublic: a report names a place on this machine.
        OSError: a file cannot be read or written.
        ValueError: a file is no JSON.
    """
    clean = _cleaner(folder)
    written = 0
    for source, target in _reports(folder):
        content = public(json.loads(source.read_text("utf-8")), clean)
        _refuse_places(content, source)
        _write(out / target, compact(content) + "\n")
        written += 1
    records = sorted((folder / "records").rglob("*.json"))
    found = {
        _name(path, folder): public(json.loads(path.read_text("utf-8")), clean) for path in records
    }
    _refuse_places(found, folder / "records")
    _write(out / "records.json", lines(found))
    return written + 1


def copy_pages(out: Path) -> None:
    """Copy the page with its parts, to be filled with other results.

    Args:
        out: folder.
    """
    for page in pages():
        shutil.copyfile(ROOT / page, out / page.name)


def compact(content: object) -> str:
    """JSON without spaces.

    >>> compact({"rate": [1e-7, None]})
    '{"rate":[1e-07,null]}'
    """
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def lines(content: dict[str, Any]) -> str:
    """JSON with one line for each key, so that a changed record is a changed line."""
    rows = (f"{json.dumps(key)}:{compact(value)}" for key, value in content.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def public(content: Any, clean: Callable[[str], str]) -> Any:
    """The same content, without this machine.

    Args:
        content: of a JSON file.
        clean: applied to each text.

    >>> public({"run": {"host": "mine", "seed": 1}}, str)
    {'run': {'host': '', 'seed': 1}}
    """
    if isinstance(content, dict):
        kept = {key: public(value, clean) for key, value in content.items()}
        run = kept.get("run")
        if isinstance(run, dict):
            kept["run"] = {key: EMPTIED.get(key, value) for key, value in run.items()}
        return kept
    if isinstance(content, list):
        return [public(value, clean) for value in content]
    return clean(content) if isinstance(content, str) else content


def _cleaner(folder: Path) -> Callable[[str], str]:
    """Paths as those who clone the repository have them, and the command by its name."""

    def clean(text: str) -> str:
        text = text.replace(f"{ROOT}/", "").replace(str(folder), str(FULL.folder))
        return re.sub(r"^\S*__main__\.py(?= )", "relcheck", text)

    return clean


def _refuse_places(content: object, source: Path) -> None:
    for text in _texts(content):
        if found := PLACE.search(text):
            raise NotPublic(
                f"{source} names a place on this machine, {found[1]}: "
                "paths of a stage are relative to the repository"
            )


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
    elif isinstance(content, str):
        yield content


def _reports(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Each report, and its place below the results."""
    for path in sorted((folder / "results").rglob("*.json")):
        yield path, path.relative_to(folder / "results")
    for path in sorted((folder / "models").glob("*/*.json")):
        if not path.name.endswith(UNFINISHED):
            yield path, path.relative_to(folder)


def _name(record: Path, folder: Path) -> str:
    return record.relative_to(folder / "records").with_suffix("").as_posix()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(text, "utf-8")
    new.replace(path)


def main() -> int:
    """Parse the arguments and copy; 1 where it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m paper.collect", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--folder", type=Path, default=FULL.folder, help="of the study")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the copies")
    parser.add_argument("--pages", type=Path, help="copy docs/paper*.md there, too")
    asked = parser.parse_args()
    try:
        written = collect(asked.folder, asked.out)
        if asked.pages is not None:
            copy_pages(asked.pages)
    except (NotPublic, OSError, ValueError) as error:
        print(f"paper.collect: {error}", file=sys.stderr)
        return 1
    print(f"{written} files in {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
