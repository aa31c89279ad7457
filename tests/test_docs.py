"""The documentation agrees with the code: links, paths, flags, figures. Sentences are short."""

import json
import re
import shlex
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import typer

from analyzer.cli import main
from analyzer.cli.app import app
from benchmarks.targets import ALL as TARGETS
from tests.pages import Page, files, pages
from tests.support import ROOT, invoke

PAGES = {str(page): page for page in pages()}
FILES = files()
SHORT = re.compile(
    r"README|CHANGELOG|CONTRIBUTING|SECURITY|examples/.*|docs/(decisions/.*|engine|performance"
    r"|glossary|devices|index|paper-larger|tutorial|verification-intro)"
)
"""Pages that are held to short sentences; of the others, long ones are reported."""

LONGEST = 40
"""Words of a sentence."""

AWAITED: dict[str, str] = {}
"""Pages that are linked before they are written."""

FOREIGN = {
    "mpa": "a command that does not exist, as an example of a mistake",
    "--rate": "a flag that does not exist, likewise",
    "--points": "of benchmarks.clipact",
    "--relcheck-budget": "of the plug-in of pytest",
    "--relcheck-seed": "likewise",
    "--relcheck-no-cache": "likewise",
    "--quick": "of `python -m audit`",
    "--nthreads": "of Dask's workers",
    "--depth": "of git",
}
"""Words of command lines that are none of relcheck's."""

REGISTRIES = re.compile(r"\b(?:pypi|pythonhosted|npmjs|anaconda|conda)\.[a-z]{2,}", re.IGNORECASE)
every_page = pytest.mark.parametrize("name", PAGES)


def options() -> Mapping[str, frozenset[str]]:
    """The flags of each command."""
    assert main.COMMANDS  # to import them is to register them
    commands: Mapping[str, typer.core.TyperCommand] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {
        name: frozenset(o for p in command.params for o in (*p.opts, *p.secondary_opts))
        for name, command in commands.items()
    }


OPTIONS = options()
COMMON = frozenset(
    ("--help", "-h", "--version", "--install-completion", "--show-completion", "-q", "-v")
)


def test_there_is_something_to_read() -> None:
    """Else every test below would hold by silence."""
    assert len(PAGES) > 30
    assert len(OPTIONS) > 10
    assert sum(len(page.links) for page in PAGES.values()) > 100
    assert sum(len(list(calls(page))) for page in PAGES.values()) > 60
    assert sum(len(named_paths(page)) for page in PAGES.values()) > 100


@every_page
def test_links_lead_somewhere(name: str) -> None:
    page = PAGES[name]
    for link in page.links:
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        if target.relative_to(ROOT).as_posix() in AWAITED:
            continue
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in Page(target).anchors, link


def test_what_is_awaited_is_not_there_yet() -> None:
    there = [path for path in AWAITED if (ROOT / path).exists()]
    assert there == [], "it is awaited no longer: take it out of AWAITED"


def named_paths(page: Page) -> list[str]:
    """Python files and folders that the page names in code; patterns are no names."""
    paths = (re.fullmatch(r"([\w./-]+(?:\.py|/))(?:::\w+)?", span) for span in page.spans)
    return [found[1] for found in paths if found]


@every_page
def test_paths_exist(name: str) -> None:
    for path in named_paths(PAGES[name]):
        if path.endswith("/"):
            assert any(f"/{path}" in f"/{file}" for file in FILES), path
        else:
            assert any(f"/{file}".endswith(f"/{path}") for file in FILES), path


@every_page
def test_modules_and_make_targets_exist(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    for module in re.findall(r"python -m ((?:benchmarks|tests|exporters)[\w.]*)", PAGES[name].code):
        path = module.replace(".", "/")
        assert {f"{path}.py", f"{path}/__main__.py"} & set(FILES), module
    assert set(re.findall(r"\bmake ([a-z][\w-]*)", PAGES[name].code)) <= targets


def words_of(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # an open quotation mark, as in a shortened example
        return line.split()


def calls(page: Page) -> Iterator[tuple[str, list[str]]]:
    """Every call of the command: which command of relcheck, and its flags."""
    for line in page.code.splitlines():
        for part in re.split(r"&&|;|\||(?:^|\s)#\s", line):
            words = words_of(part)
            flags = [w.partition("=")[0] for w in words if re.match(r"--?[a-z][\w-]*", w)]
            if words[1:] and words[0].rpartition("/")[2] == "relcheck":
                word = words[1]
                yield word if re.fullmatch(r"[a-z]+", word) else "run", flags
            elif words and flags and words[0].startswith("-"):
                yield "", flags


@every_page
def test_commands_and_flags_exist(name: str) -> None:
    anywhere = frozenset().union(*OPTIONS.values()) | FOREIGN.keys()
    for command, flags in calls(PAGES[name]):
        assert command in {"", *OPTIONS, *FOREIGN}, command
        known = OPTIONS.get(command, anywhere)
        assert set(flags) <= known | COMMON, (command, flags)


@every_page
def test_no_host_of_a_package_registry_is_named(name: str) -> None:
    assert REGISTRIES.findall(PAGES[name].text) == []


def long_sentences(page: Page) -> list[str]:
    return [s for s in page.sentences if len(s.split()) > LONGEST]


@pytest.mark.parametrize("name", [n for n in PAGES if SHORT.fullmatch(n.removesuffix(".md"))])
def test_sentences_are_short(name: str) -> None:
    assert long_sentences(PAGES[name]) == []


def test_long_sentences_are_reported() -> None:
    counts = {name: len(long_sentences(page)) for name, page in PAGES.items()}
    found = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    if found:
        warnings.warn(f"sentences of more than {LONGEST} words: {found}", stacklevel=1)


NUMBER = re.compile(r"\d[\d,.]*(?:e-\d+)?")
ELSEWHERE = 3
"""Figures that may differ by 0.1 on another processor (emulated without AVX-512: 1 of 130)."""


def figures(text: str) -> list[float]:
    return [float(number.replace(",", "").rstrip(".")) for number in NUMBER.findall(text)]


def words_only(text: str) -> list[str]:
    return NUMBER.sub("#", text).split()


def test_the_readme_shows_what_the_demonstration_prints(tmp_path: Path) -> None:
    line = re.search(r"^demo:.*\n\t\S+/relcheck (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert line
    places = {"demo.html": str(tmp_path / "a.html"), "demo.json": str(tmp_path / "a.json")}
    run = invoke(*(places.get(word, word) for word in shlex.split(line[1])))
    assert run.code == 0, run.err
    shown = re.search(r"^```text\n(.*?)^```$", PAGES["README.md"].text, re.M | re.S)
    assert shown
    # Another version is another word, and no figure.
    page, printed = (re.sub(r"ONNX Runtime [\d.]+,", "", text) for text in (shown[1], run.out))
    assert words_only(page) == words_only(printed), "copy what `make demo` prints"
    pairs = list(zip(figures(page), figures(printed), strict=True))
    assert max(abs(a - b) for a, b in pairs) < 0.11, "copy what `make demo` prints"
    assert sum(a != b for a, b in pairs) <= ELSEWHERE, "copy what `make demo` prints"
    bound = re.search(r"upper bound \(`(.*?)`\)", PAGES["README.md"].text)
    assert bound
    assert f" {bound[1]} " in run.out


def kept_results() -> dict[str, dict[str, object]]:
    """What `make bench` found last, by row."""
    found: dict[str, dict[str, object]] = {}
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        if path.stem != "growth":
            found |= json.loads(path.read_text("utf-8"))
    return found


def test_targets_are_those_of_the_benchmarks() -> None:
    rows = {row[0]: row[2] for row in PAGES["docs/performance.md"].table("row | what is compared")}
    wanted = {
        t.name: f"at {'most' if t.at_most else 'least'} {t.bound:g}{f' {t.unit}' if t.unit else ''}"
        for t in TARGETS
    }
    assert {n: re.sub(r"\.(\d)0$", r".\1", text) for n, text in rows.items()} == wanted


def test_results_are_those_that_are_kept() -> None:
    rows = PAGES["docs/performance.md"].table("row | figure")
    kept = kept_results()
    assert {row[0] for row in rows} == kept.keys()
    for name, figure, verdict in rows:
        expected = f"{kept[name]['figure']:#.3g}".rstrip(".")
        assert (figure.removesuffix(" s"), verdict.strip("*")) == (expected, kept[name]["verdict"])


def test_growth_is_what_is_kept() -> None:
    kept = json.loads((ROOT / "benchmarks" / "results" / "growth.json").read_text("utf-8"))
    page = PAGES["docs/performance.md"]
    for head in ("rate", "precision", "images"):
        rows = [
            [r["at"], f"{r['prepare_seconds']:.2f}", f"{r['trials']:,}", f"{r['seconds']:.2f}"]
            for r in kept[head]
        ]
        assert page.table(f"{head} | prepare") == rows
    sizes = [
        [r["model"], f"{r['megabytes']:.1f}", f"{r['prepare_seconds']:.2f}"]
        + [f"{ms:.2f}" for ms in r["milliseconds"]]
        for r in kept["size"]
    ]
    assert page.table("model | MB") == sizes


def test_every_decision_is_listed_and_short() -> None:
    records = {n: p for n, p in PAGES.items() if re.match(r"docs/decisions/\d", n)}
    assert len(records) > 10
    index = PAGES["docs/decisions/README.md"].table("| decision")
    listed = {}
    for number, link, status in index:
        found = re.fullmatch(r"\[(.*)\]\((.*)\)", link)
        assert found
        listed[f"docs/decisions/{found[2]}"] = (f"# {number}. {found[1]}", status)
    assert listed.keys() == records.keys()
    for name, (title, status) in listed.items():
        lines = records[name].text.splitlines()
        assert lines[0] == title
        assert lines[2].startswith(f"Status: {status.partition(':')[0]}")
        assert [x for x in lines if x.startswith("## ")] == [
            "## Context",
            "## Decision",
            "## Consequences",
        ]
        assert 15 <= len(lines) <= 40, name


def test_a_word_has_one_meaning() -> None:
    text = PAGES["docs/glossary.md"].text
    words = [w for row in re.findall(r"^\| (\*\*.*?) \| ", text, re.M) for w in word_list(row)]
    assert len(words) > 80
    assert len(words) == len(set(words))


def word_list(cell: str) -> list[str]:
    return re.findall(r"\*\*(.*?)\*\*", cell)


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").glob("*.svg")), ids=str)
def test_drawings_can_be_read_by_everybody(picture: Path) -> None:
    """A title and a description for those who hear it, colours for light and dark pages."""
    root = ElementTree.parse(picture).getroot()
    names = {element.tag.rpartition("}")[2] for element in root}
    assert {"title", "desc", "style"} <= names
    assert "prefers-color-scheme: dark" in picture.read_text("utf-8")
