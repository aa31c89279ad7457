"""Every slug is explained in docs/messages.md and produced by a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from analyzer import errors
from relcheck_onnx import foreign
from tests.cli.bad_input import CASES

MESSAGES = Path(__file__).parents[1] / "docs" / "messages.md"
ANALYZER = Path(errors.__file__).parents[1]

TESTED_ELSEWHERE = {
    "out-of-memory": "tests/cli/test_bad_input.py, with a reader that runs out of memory",
    "device-failed": "tests/runtime/test_mishaps.py, with a device that has no memory",
    "journal-busy": "tests/cli/test_bad_input.py, with a lock that is held meanwhile",
    "cluster": "tests/cli/test_bad_input.py, without the package",
    "model-crashes-runtime": "tests/cli/test_bad_input.py, with a child that kills itself",
    "model-hangs": "tests/cli/test_bad_input.py, with a child that sleeps",
    "bad-target": "tests/core/test_target_files.py; no command takes targets",
    "unsupported-target": "tests/core/test_targets.py, with bits that no file stores",
    "torch-missing": "tests/exporters/test_export_refusals.py",
    "bad-model-list": "tests/jobs/test_log_odds.py",
    "bad-network": "tests/exporters/test_export_refusals.py and test_torch_export.py",
    "bad-checkpoint": "tests/exporters/test_checkpoint.py and test_torch_export.py",
    "export-failed": "tests/exporters/test_torch_export.py",
    "training-diverged": "tests/exporters/test_fit.py",
    "bad-training-state": "tests/exporters/test_fit.py",
    "nothing-to-bound": "tests/exporters/test_harden_cli.py",
    "already-hardened": "tests/exporters/test_harden_cli.py",
    "bad-thresholds": "tests/exporters/test_harden_cli.py",
    "bad-search-state": "tests/exporters/test_clipact_cli.py",
    "bad-calibration": "tests/exporters/test_harden_cli.py",
    "cannot-quantize": "tests/exporters/test_harden_cli.py",
    "baseline-missing": "tests/cli/test_gates.py, of relcheck compare",
    "bad-report": "tests/cli/test_report.py, of relcheck report",
    "bad-fault-list": "tests/cli/test_replay.py, of relcheck replay",
    "report-mismatch": "tests/cli/test_replay.py, of relcheck replay",
    "package-missing": "tests/jobs/test_report.py, with no pandas to import",
    "budget-too-small": "tests/cli/test_budget.py, with a clock that runs fast",
    "not-comparable": "tests/cli/test_compare.py, with several models",
    "foreign-package": "tests/test_foreign_packages.py, with packages of the same names",
    "internal": "a defect, not an input",
    "not-ensured": "tests/exporters/test_mitigations.py, with a mitigation that lies",
    "not-restored": "a defect, not an input",
}


def leaves(parent: type[errors.RelcheckError]) -> Iterator[type[errors.RelcheckError]]:
    children = parent.__subclasses__()
    if not children:
        yield parent
    for child in children:
        yield from leaves(child)


LEAVES = list(leaves(errors.RelcheckError))
SHOWN = [leaf.slug for leaf in LEAVES] + [errors.InternalError.slug, foreign.SLUG]
"""What may stand in brackets: a leaf's slug, the last resort of `main`, that of the entrance."""


def entries() -> dict[str, str]:
    """Heading -> text below it, of docs/messages.md."""
    parts = re.split(r"^### (.+)$", MESSAGES.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def raised() -> Iterator[str]:
    """Names of the exceptions that the code raises."""
    for path in ANALYZER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield ast.unparse(node.exc.func).rpartition(".")[2]


def test_only_documented_errors_are_raised() -> None:
    tree = {name for name in set(raised()) if hasattr(errors, name)}
    assert tree
    assert tree <= {leaf.__name__ for leaf in LEAVES}


def test_slugs_are_unique_words() -> None:
    assert len(set(SHOWN)) == len(SHOWN)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in SHOWN)


def test_every_leaf_has_a_slug_of_its_own() -> None:
    assert all("slug" in vars(leaf) for leaf in LEAVES)


def test_every_slug_is_documented_and_no_other() -> None:
    headings = [h.strip("`") for h in entries()]
    assert sorted(headings) == sorted(SHOWN)


def test_every_entry_says_what_why_and_what_to_do() -> None:
    for heading, text in entries().items():
        for part in ("**Means:**", "**Usual cause:**", "**What to do:**"):
            assert part in text, (heading, part)


def test_every_slug_of_bad_input_is_produced_by_a_case() -> None:
    produced = {case.slug for case in CASES.values()}
    assert produced.isdisjoint(TESTED_ELSEWHERE)
    assert produced | set(TESTED_ELSEWHERE) == set(SHOWN)
