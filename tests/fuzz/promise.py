"""What must hold however hostile a file is."""

import json
import re
from collections.abc import Iterator

import onnx

from tests.fuzz.client import Case, Ending

REPORT = "report.json"
PAGE = "report.html"
HARDENED = "out.onnx"

TOLD = re.compile(
    rf"wrote ({REPORT}|{PAGE}|{HARDENED})|[12]/2 m\.onnx|for the differences: \d+ blocks more of .*"
)
"""What a command may say on standard error besides errors: files, and how it proceeds."""

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


LATE = ("model-hangs", "model-crashes-runtime", "out-of-memory")
"""Ends that may come once the head of a report is out."""


def _words(ending: Ending) -> Iterator[str]:
    for noise in NOISE:
        if noise in ending.err or noise in ending.out:
            yield f"it prints {noise!r}"
    for text in (ending.out, ending.err):
        if not text.replace("\n", "").isprintable():
            yield "it prints control characters"
    if ending.code == 2:
        if ending.out and ending.slug not in LATE:
            yield "it prints more than a sentence"
        *told, last = ending.err.splitlines() or [""]
        if not last.startswith("relcheck: ") or any(not TOLD.fullmatch(line) for line in told):
            yield "it prints something else than one sentence"
        if not ending.slug:
            yield "it names no slug"
        if len(ending.err) > LONGEST:
            yield "it prints an endless sentence"
    elif ending.code == 0 and any(not TOLD.fullmatch(line) for line in ending.err.splitlines()):
        yield "it prints something on standard error, and succeeds"


def _tells_failure(report: bytes) -> bool:
    """True for a report of nothing but the refusal: no pipeline may read figures in it."""
    return b'"kind": "failure"' in report or b"<title>relcheck: error</title>" in report


def _files(case: Case, ending: Ending) -> Iterator[str]:
    left = dict(ending.left)
    report, page = left.pop(f"work/{REPORT}", None), left.pop(f"work/{PAGE}", None)
    model = left.pop(f"work/{HARDENED}", None)
    if ending.code == 2 and model is not None:
        yield "it refuses, and writes a model"
    if ending.code == 2 and not all(_tells_failure(text) for text in (report, page) if text):
        yield "it refuses, and writes a report of something else"
    if model is not None:
        try:
            onnx.checker.check_model(onnx.load_from_string(model))
        except Exception as error:  # of the checker, or of protobuf
            yield f"the model that it writes is none: {error}"
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
