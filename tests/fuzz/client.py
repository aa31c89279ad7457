"""Cases of the fuzz suite: files and arguments in, what became of the command out."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fuzz.server import Answer, Request

PATIENCE_SECONDS = 6.0
"""After so long the command itself must end a model that hangs."""

HANG_SECONDS = 150.0
"""After so long the command counts as hanging. During a campaign its own patience is longer."""

MEMORY_GIB = 4

ENVIRONMENT = {
    "COLUMNS": "80",
    "NO_COLOR": "1",
    "RELCHECK_JOBS": "0",
    "RELCHECK_MEMORY": str(MEMORY_GIB),
    "TERM": "dumb",
}


@dataclass(frozen=True)
class Case:
    """One call of ``relcheck``: what it is told, and the files it finds in its working folder."""

    arguments: tuple[str, ...]
    files: Mapping[str, bytes] = field(repr=False)
    note: str = ""
    patience: float = PATIENCE_SECONDS


@dataclass(frozen=True)
class Ending:
    """What became of it.

    Attributes:
        code: Exit code, or minus the number of a signal; None: killed as a hang.
        out: Standard output.
        err: Standard error.
        seconds: How long it took.
        left: Contents of the working folder and of its temporary files, by relative path.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    left: Mapping[str, bytes]

    @property
    def slug(self) -> str:
        """The word in brackets at the end of the message; empty without."""
        text = self.err.rstrip()
        return text.rpartition("[")[2].removesuffix("]") if text.endswith("]") else ""


class Server:
    """A `tests.fuzz.server`, started when first needed and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def stop(self) -> None:
        """End the process; the next case starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def run(self, case: Case) -> Ending:
        """Run one case in folders of its own."""
        place = self._folder / "case"
        work = place / "work"
        for folder in (work, place / "tmp", place / "cache"):
            folder.mkdir(parents=True)
        try:
            for name, content in case.files.items():
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                (work / name).write_bytes(content)
            surroundings = {"TMPDIR": str(place / "tmp"), "XDG_CACHE_HOME": str(place / "cache")}
            patience = {"RELCHECK_PATIENCE": str(case.patience)}
            variables = {**ENVIRONMENT, **surroundings, **patience}
            request = Request(list(case.arguments), str(work), variables, HANG_SECONDS)
            answer = self._ask(request)
            out, err = (_text(place / name) for name in ("out", "err"))
            left = _contents(place, "work", "tmp", "cache")
            return Ending(answer.code, out, err, answer.seconds, left)
        finally:
            shutil.rmtree(place)

    def _ask(self, request: Request) -> Answer:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(request)) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))


def _text(path: Path) -> str:
    return path.read_text("utf-8", "backslashreplace") if path.exists() else ""


def _contents(place: Path, *folders: str) -> dict[str, bytes]:
    files = (p for folder in folders for p in (place / folder).rglob("*"))
    return {str(p.relative_to(place)): p.read_bytes() if p.is_file() else b"" for p in files}
