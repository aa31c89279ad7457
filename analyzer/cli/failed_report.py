"""The reports that a command line asks for, when the command ends in an error.

Without them a pipeline would read yesterday's report as today's. Only what is no file yet, and what
is a report of relcheck, is replaced: the error may be that a model was named as the target.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from analyzer import __version__
from analyzer.cli.output import emit
from analyzer.errors import RelcheckError
from analyzer.jobs.requests.outputs import STANDARD_OUTPUT, parse_output
from analyzer.reports.formats import Format, RecordKind, formats_of

Targets = Mapping[str, Path]
"""Name of a form -> file."""


def asked_reports(words: Sequence[str]) -> dict[str, Path]:
    """Reports that a command line asks for; what cannot be read of it is left out.

    Args:
        words: of the command line, without the program.

    >>> asked_reports(["m.onnx", "--json", "a.json", "--format=b.sarif", "--format", "junit=-"])
    {'json': PosixPath('a.json'), 'sarif': PosixPath('b.sarif'), 'junit': PosixPath('-')}
    """
    forms = formats_of([RecordKind.FAILURE])
    found: dict[str, Path] = {}
    for name, value in _valued(words):
        if name == "format":
            found.update(_read(value, forms))
        elif name in forms and forms[name].flag:
            found[name] = Path(value)
    return found


def _valued(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Flags that have a value: ``--name value`` or ``--name=value``."""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        if name.startswith("--") and (value if equals else following):
            yield name[2:], value if equals else following


def _read(text: str, forms: Mapping[str, Format]) -> Iterator[tuple[str, Path]]:
    try:
        yield parse_output(text, forms)
    except RelcheckError:
        return


def leave_failure(slug: str, message: str, exit_code: int) -> None:
    """Write an error as the reports that the command line asks for; it may fail to.

    Args:
        slug: of the error.
        message: the sentence, without the slug.
        exit_code: of the command.
    """
    words = sys.argv[1:]
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    targets = {n: p for n, p in asked_reports(words).items() if replaceable(n, p, words)}
    if not targets and not summary:
        return
    from analyzer.cli.words import command_line
    from analyzer.jobs.files import write_whole
    from analyzer.jobs.provenance import in_repository
    from analyzer.reports.failure.record import ErrorPart, Failure

    failure = Failure(
        version=__version__,
        error=ErrorPart(slug=slug, message=message),
        exit_code=4 if exit_code == 4 else 2,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command_line(),
        models=[in_repository(Path(w)) for w in words if w.lower().endswith(".onnx")],
    )
    forms = formats_of([RecordKind.FAILURE])
    for name, path in targets.items():
        if path == STANDARD_OUTPUT:
            emit(forms[name].render(failure))
        else:
            write_whole(path, forms[name].render(failure))
    if summary:
        append(Path(summary), forms["markdown"].render(failure))


def replaceable(name: str, path: Path, words: Sequence[str]) -> bool:
    """True if a failure may take the place of what lies at a path.

    Args:
        name: of the form that is to be written.
        path: of the target.
        words: of the command line; a file that it names twice is an input.
    """
    if path == STANDARD_OUTPUT:
        return True
    from analyzer.reports.failure.stale import LONGEST, is_report

    named = sum(Path(part).resolve() == path.resolve() for part in _paths(words))
    if named > 1:
        return False
    try:
        if not path.exists():
            return path.parent.is_dir()
        with path.open("rb") as stream:
            beginning = stream.read(4 * LONGEST)
    except OSError:
        return False
    return path.is_file() and is_report(name, beginning.decode("utf-8", "replace"))


def _paths(words: Sequence[str]) -> Iterator[str]:
    """Whatever in a command line may be a path."""
    for word in words:
        yield word.rpartition("=")[2]


def append(path: Path, text: str) -> None:
    """Append to the summary of a job of GitHub Actions; a summary that cannot be written is none.

    Args:
        path: the file that ``GITHUB_STEP_SUMMARY`` names.
        text: Markdown.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")
    except OSError:
        return
