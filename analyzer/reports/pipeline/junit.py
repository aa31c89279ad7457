"""JUnit XML: one test case per check.

There is no standard. This writes what Jenkins (junit-10.xsd of its xUnit plug-in), GitLab and the
usual GitHub actions read alike: counts on suites, a name that no two cases share (GitLab drops
duplicates), and every number in the text, as GitLab ignores the attribute ``message``.
"""

from xml.etree import ElementTree

from analyzer.reports.findings.record import Finding, Findings, Level, State
from analyzer.reports.pipeline.plain import visible

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def to_junit(found: Findings) -> str:
    """Render a suite with one case per check.

    An undecided check is an error: as skipped it would be shown as green.
    """
    ElementTree.register_namespace("", "")
    suites = ElementTree.Element("testsuites", {"name": "relcheck", **_counts(found)})
    name = visible(found.artifacts[0].path)
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        {"name": f"relcheck {name}", **_counts(found), "timestamp": found.started[:19]},
    )
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in (("version", found.version), *found.facts):
        ElementTree.SubElement(properties, "property", {"name": key, "value": visible(value)})
    seconds = found.seconds / len(found.checks)
    for check, title in zip(found.checks, _titles(found), strict=True):
        _case(suite, found, check, title, seconds)
    ElementTree.indent(suites)
    return XML + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _counts(found: Findings) -> dict[str, str]:
    tags = [_tag(check) for check in found.checks]
    return {
        "tests": str(len(tags)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
        "time": f"{found.seconds:.3f}",
    }


def _titles(found: Findings) -> list[str]:
    """Names of cases; a name that is there before has its number behind it."""
    titles: list[str] = []
    for check in found.checks:
        name = visible(f"{check.name} ({check.place})" if check.place else check.name)
        same = sum(title.partition(" #")[0] == name for title in titles)
        titles.append(f"{name} #{same + 1}" if same else name)
    return titles


def _tag(check: Finding) -> str:
    """The element that says why a case is not green; empty: it is."""
    if check.state is State.PASS:
        return ""
    if check.state is State.WAIVED or check.level is Level.WARNING:
        return "skipped"
    return "failure" if check.state is State.FAIL else "error"


def _case(
    suite: ElementTree.Element, found: Findings, check: Finding, title: str, seconds: float
) -> None:
    path = visible(found.artifact(check).path)
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": path, "name": title, "time": f"{seconds:.3f}", "file": path},
    )
    sentence, tag = visible(check.sentence), _tag(check)
    if tag:
        element = ElementTree.SubElement(case, tag, {"message": sentence})
        if tag != "skipped":
            element.set("type", check.state.value)
        element.text = f"{sentence}\n{visible(found.command)}"
    ElementTree.SubElement(case, "system-out").text = sentence
