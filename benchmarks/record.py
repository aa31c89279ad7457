"""What was found, kept as JSON: one file per benchmark, in which a row is replaced by its next."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.machine import Others
from benchmarks.rows import Found, Target, verdict

FOLDER = Path(__file__).parent / "results"


def keep(
    benchmark: str, found: Sequence[Found], targets: Mapping[str, Target], others: Others
) -> None:
    """Write what was measured; what could not be run leaves what there was.

    Args:
        benchmark: Its name, which is the file's.
        found: What it found.
        targets: By name.
        others: What other processes took meanwhile.
    """
    rows = {
        f.name: {
            "figure": f.figure,
            "target": targets[f.name].bound,
            "verdict": str(verdict(targets[f.name], f)),
            **f.details,
            **surroundings(others, f.packages),
        }
        for f in found
        if f.figure is not None
    }
    if rows:
        path = FOLDER / f"{benchmark}.json"
        write(path, {**read(path), **rows})


def surroundings(others: Others, packages: Mapping[str, str] | None = None) -> dict[str, object]:
    """When, on what, and how disturbed."""
    return {
        "date": machine.today(),
        "cpu": machine.cpu_name(),
        "cores": machine.cores(),
        "packages": dict(packages or machine.versions()),
        "cores_taken_by_others": round(others.cores, 2),
        "disturbed": others.disturbed,
    }


def read(path: Path) -> dict[str, Any]:
    """What a results file holds; nothing if there is none."""
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def write(path: Path, content: Mapping[str, object]) -> None:
    """Replace a results file; it is never half written."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    os.replace(draft, path)
