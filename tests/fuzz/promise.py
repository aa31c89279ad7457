"""What must hold however hostile a file is."""

import json
from collections.abc import Iterator

from tests.fuzz.client import Case, Ending

REPORT = "report.json"
PAGE = "report.html"

GOOD = (0, 2, 3)
"""Analyzed; refused with a sentence; the budget ended first."""

RANDOM = (b"RandomNormal", b"RandomUniform", b"Bernoulli", b"Multinomial")
"""Operators of models that answer otherwise each time: there a self-test may fail."""

NOISE = ("Traceback", "onnxruntime_src", "<class", "RuntimeWarning", "Warning:", "terminate called")
LONGEST = 1500
"""Characters of a sentence: what a file says about itself is cut short."""


def broken(case: Case, ending: Ending) -> list[str]:
    """Everything that a case shows to be wrong; empty if the promise is kept."""
    return [*_ending(case, ending), *_words(ending), *_files(case, ending)]


def _ending(case: Case, ending: Ending) -> Iterator[str]:
    content = b"".join(case.files.values())
    may_fail = case.arguments[0] == "selftest" and any(op in content for op in RANDOM)
    if ending.code is None:
        yield "it hangs"
    elif ending.code not in GOOD and not (may_fail and ending.code == 1):
        yield f"it ends with code {ending.code}"


def _words(ending: Ending) -> Iterator[str]:
    for noise in NOISE:
        if noise in ending.err or noise in ending.out:
            yield f"it prints {noise!r}"
    for text in (ending.out, ending.err):
        if not text.replace("\n", "").isprintable():
            yield "it prints control characters"
    if ending.code == 2:
        if ending.out:
            yield "it prints more than a sentence"
        if not ending.err.startswith("relcheck: ") or ending.err.count("\n") != 1:
            yield "it prints something else than one sentence"
        if not ending.slug:
            yield "it names no slug"
        if len(ending.err) > LONGEST:
            yield "it prints an endless sentence"
    elif ending.code == 0 and ending.err.replace(f"wrote {REPORT}\n", "").replace(
        f"wrote {PAGE}\n", ""
    ):
        yield "it prints something on standard error, and succeeds"


def _files(case: Case, ending: Ending) -> Iterator[str]:
    left = dict(ending.left)
    report, page = left.pop(f"work/{REPORT}", None), left.pop(f"work/{PAGE}", None)
    if ending.code == 2 and (report is not None or page is not None):
        yield "it refuses, and writes a report"
    if report is not None:
        try:
            json.loads(report)
        except ValueError:
            yield "the JSON report is no JSON"
    if page is not None and not page.rstrip().endswith(b"</html>"):
        yield "the HTML report is cut short"
    given = {f"work/{name}": content for name, content in case.files.items()}
    for name, content in left.items():
        inside = any(g.startswith(f"{name}/") for g in given)
        if not inside and given.get(name) != content:
            yield f"it leaves {name}"
    for name in given.keys() - left.keys():
        yield f"it removes {name}"
