"""The trained networks that are kept in ``models/study``, and the card that goes with them.

    python -m paper.cards [--study FOLDER] [--out models/study]

A network is kept once all of its figures are there. From the kept files every later stage of the
study can be repeated without a training.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMS = {"float": "", "qat": "-qat"}
"""Form of a network -> what its file's name ends in; the other forms follow from ``float``."""

HEAD = Path(__file__).with_name("card.md")
"""The card above its table."""

COLUMNS = ("file", "seed", "pretrained by", "parameters", "validation top-1", "test top-1", "bytes")


@dataclass(frozen=True)
class Kept:
    """One network that is kept.

    Attributes:
        model: architecture, and pretraining behind a hyphen.
        seed: of its training.
        form: of `FORMS`.
        folder: of the study.
    """

    model: str
    seed: int
    form: str
    folder: Path

    @property
    def source(self) -> Path:
        """The file in the folder of the study."""
        return self.folder / "models" / f"{self.model}-{self.seed}" / f"{self.form}.onnx"

    @property
    def name(self) -> str:
        """The name of the kept file."""
        return f"{self.model}-{self.seed}{FORMS[self.form]}.onnx"

    def row(self) -> tuple[str, ...]:
        """Its row of the card."""
        method = self.model.partition("-")[2] or "no one"
        trained = _read(self.source.with_name("train.json"))
        best = max(epoch["validation"]["top1"] for epoch in trained["epochs"])
        validation = f"{100 * best:.1f} %" if self.form == "float" else ""
        parameters = f"{trained['network']['parameters']:,}"
        size = f"{self.source.stat().st_size:,}"
        test = f"{100 * self._golden():.1f} %"
        link = f"[{self.name}]({self.name})"
        return (link, str(self.seed), method, parameters, validation, test, size)

    def _golden(self) -> float:
        report = _read(self.folder / "results" / "int8" / f"{self.model}-{self.seed}.json")
        found = [m for m in report["models"] if Path(m["model"]["path"]).stem == self.form]
        return float(found[0]["golden"])


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def kept(folder: Path) -> Iterator[Kept]:
    """The networks whose int8 figures are there, in the order of their names.

    Args:
        folder: of the study.
    """
    for report in sorted((folder / "results" / "int8").glob("*.json")):
        model, _, seed = report.stem.rpartition("-")
        for form in FORMS:
            network = Kept(model, int(seed), form, folder)
            if network.source.is_file():
                yield network


def write_cards(folder: Path, out: Path) -> int:
    """Copy the networks and write the card ``README.md``.

    Args:
        folder: of the study.
        out: where they are kept; made where it is not there.

    Returns:
        The number of networks.
    """
    out.mkdir(parents=True, exist_ok=True)
    networks = list(kept(folder))
    rows = [COLUMNS, tuple("---" for _ in COLUMNS)]
    for network in networks:
        shutil.copyfile(network.source, out / network.name)
        rows.append(network.row())
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    (out / "README.md").write_text(f"{HEAD.read_text('utf-8')}{table}\n", "utf-8")
    return len(networks)


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default=Path("build/paper"))
    parser.add_argument("--out", type=Path, default=Path("models/study"))
    asked = parser.parse_args()
    print(f"{write_cards(asked.study, asked.out)} networks in {asked.out}")


if __name__ == "__main__":
    main()
