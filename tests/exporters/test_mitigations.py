"""The family of mitigations: every member keeps its promises, and a new one is one object."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from analyzer.errors import NotEnsured, NothingToBound
from analyzer.model import load_model
from exporters.hardening import mitigations
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.harden import harden
from exporters.hardening.interface import (
    Applied,
    Change,
    Example,
    Mitigation,
    Order,
    Resources,
    Rows,
)
from exporters.hardening.mitigations import MITIGATIONS, find_mitigation, summaries
from exporters.hardening.mitigations.actmax import ACTMAX
from exporters.hardening.mitigations.clipact import CLIPACT
from exporters.hardening.mitigations.ranger import RANGER
from exporters.hardening.mitigations.relu6 import RELU6
from exporters.hardening.not_applied import NotApplied
from exporters.hardening.subject import Subject
from tests.exporters.bounded import changed_on, hardened_on, resources_of, subject_of
from tests.exporters.nets import ACTIVATIONS, Array, activation_net, network, row, run
from tests.support import ROOT, environment, invoke, parse_model, tiny_cnn, tiny_data

MEMBERS = {m.name: m for m in MITIGATIONS}


def array(rows: Rows) -> Array:
    return np.array(rows, np.float32)


def examples() -> list[Any]:
    return [
        pytest.param(member, example, id=f"{member.name} {number}")
        for member in (*MITIGATIONS, VOTE)
        for number, example in enumerate(member.examples())
    ]


# A made-up mitigation that bounds nothing: as one object


@dataclass(frozen=True)
class Vote:
    """Every bias is stored three times; the middle of the three is what is added."""

    name = "vote"
    summary = "biases stored three times, the middle one added"
    options: frozenset[str] = frozenset()

    def check_options(self, given: frozenset[str]) -> None:
        """Needs none."""

    def requires(self, subject: Subject) -> None:
        if not self._sums(subject):
            raise NothingToBound(f"{subject.path} adds no stored tensor to anything")

    def _sums(self, subject: Subject) -> list[onnx.NodeProto]:
        stored = {t.name for t in subject.proto.graph.initializer}
        return [n for n in subject.proto.graph.node if n.op_type == "Add" and n.input[1] in stored]

    def apply(self, subject: Subject, order: Order, resources: Resources) -> Change:
        proto = onnx.ModelProto()
        proto.CopyFrom(subject.proto)
        stored = {t.name: t for t in proto.graph.initializer}
        wanted = {n.output[0] for n in self._sums(subject)}
        nodes, applied = list(proto.graph.node), []
        del proto.graph.node[:]
        for node in nodes:
            if node.output[0] in wanted:
                bias = node.input[1]
                copies = [bias, f"{bias}_second", f"{bias}_third"]
                for name in copies[1:]:
                    copy = proto.graph.initializer.add()
                    copy.CopyFrom(stored[bias])
                    copy.name = name
                proto.graph.node.extend(self._median(bias, copies))
                node.input[1] = f"{bias}_voted"
                applied.append(Applied(bias, "bias", "three copies"))
            proto.graph.node.append(node)
        left = [
            NotApplied(n.output[0], "Gemm", "its bias is its own")
            for n in nodes
            if n.op_type == "Gemm"
        ]
        return Change(proto, tuple(applied), tuple(left), entries={"relcheck.vote": "3"})

    def _median(self, bias: str, copies: list[str]) -> Iterator[onnx.NodeProto]:
        """max(min(a, b), min(max(a, b), c))."""
        make = onnx.helper.make_node
        yield make("Min", copies[:2], [f"{bias}_low"])
        yield make("Max", copies[:2], [f"{bias}_high"])
        yield make("Min", [f"{bias}_high", copies[2]], [f"{bias}_capped"])
        yield make("Max", [f"{bias}_low", f"{bias}_capped"], [f"{bias}_voted"])

    def ensures(self, subject: Subject, change: Change) -> None:
        stored = {t.name: numpy_helper.to_array(t) for t in change.proto.graph.initializer}
        for place in change.applied:
            for name in (f"{place.value}_second", f"{place.value}_third"):
                if name not in stored or not np.array_equal(stored[name], stored[place.value]):
                    raise NotEnsured(f"{place.value} is not stored three times")

    def examples(self) -> tuple[Example, ...]:
        text = (
            '<ir_version: 8, opset_import: ["" : 17]> agraph (float[N, 2] x) => (float[N, 2] y) '
            "<float[2] b = {1, -2}> { y = Add (x, b) }"
        )
        return (Example(text, ((1, 2), (0, 0)), ((2, 0), (1, -2))),)


VOTE = Vote()

SUMS = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[N, 4] image) => (float[N, 4] scores) <float[4] b = {0.5, -1, 0, 2}> {
        s = Add (image, b)
        scores = Relu (s)
    }
"""


@pytest.fixture
def voting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mitigations, "MITIGATIONS", (*MITIGATIONS, VOTE))
    monkeypatch.setattr("analyzer.jobs.before_after.LATENCY_SECONDS", 0.02)


def summed(folder: Path) -> list[str | Path]:
    """Arguments of `relcheck harden` for a model with one sum."""
    model, data = folder / "m.onnx", folder / "d.npz"
    model.write_bytes(parse_model(SUMS).SerializeToString())
    np.savez(data, images=np.eye(4, dtype=np.float32))
    return [model, "--method", "vote", "--data", data, "-o", folder / "h.onnx"]


@pytest.mark.usefixtures("voting")
def test_a_mitigation_that_bounds_nothing_runs_end_to_end(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    done = invoke("harden", *summed(tmp_path), "--json", report)
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "method vote, 1 place changed, from the method alone" in done.out
    assert "three copies" in done.out
    assert "Same outputs as the original, by unoptimized kernels: 4 of the first 4." in done.out
    found = json.loads(report.read_text("utf-8"))
    assert found["sites"] == []
    assert found["changes"] == [{"value": "b", "kind": "bias", "change": "three copies"}]
    model = load_model(tmp_path / "h.onnx")
    entries = {p.key: p.value for p in model.proto.metadata_props}
    assert entries["relcheck.hardening.method"] == "vote"
    assert entries["relcheck.vote"] == "3"
    assert {"b", "b_second", "b_third"} <= {t.name for t in model.inventory.at_risk}


def test_the_vote_outvotes_one_faulty_copy() -> None:
    """So that the example is one of a mitigation, not of a change without effect."""
    after = harden(subject_of(parse_model(SUMS)), VOTE).proto
    golden = run(after, row(1, 2, 3, 4))[0]
    for tensor in after.graph.initializer:
        if tensor.name == "b_second":
            tensor.CopyFrom(numpy_helper.from_array(np.full(4, 1e30, np.float32), "b_second"))
    assert np.array_equal(run(after, row(1, 2, 3, 4))[0], golden)


@pytest.mark.usefixtures("voting")
def test_help_and_messages_know_a_new_member(tmp_path: Path) -> None:
    assert "vote (biases stored three times, the middle one added)." in summaries()
    assert find_mitigation("vote") is VOTE
    done = invoke("harden", *summed(tmp_path), "--method", "shout")
    assert "use relu6, ranger, actmax, clipact, vote" in done.err


@pytest.mark.usefixtures("voting")
@pytest.mark.parametrize("option", ["--thresholds", "--save-thresholds", "--rates"])
def test_options_of_other_members_are_refused(option: str, tmp_path: Path) -> None:
    done = invoke("harden", *summed(tmp_path), option, "1e-6")
    assert done.code == 2
    assert f"{option} is an option of --method " in done.err
    assert "leave it out with --method vote" in done.err
    assert not (tmp_path / "h.onnx").exists()


@pytest.mark.usefixtures("voting")
def test_what_it_requires_is_asked_before_data_are_read(tmp_path: Path) -> None:
    arguments = summed(tmp_path)
    (tmp_path / "d.npz").write_bytes(b"no archive")
    (tmp_path / "m.onnx").write_bytes(network("scores = Relu (image)").SerializeToString())
    done = invoke("harden", *arguments)
    assert "adds no stored tensor to anything" in done.err
    assert "[nothing-to-bound]" in done.err


# Promises are checked by the caller


def lying(change: str) -> Mitigation:
    """The vote, which breaks one promise."""

    @dataclass(frozen=True)
    class Liar(Vote):
        def apply(self, subject: Subject, order: Order, resources: Resources) -> Change:
            if change == "changes what it was given":
                subject.proto.graph.initializer[0].raw_data = np.zeros(4, np.float32).tobytes()
            made = super().apply(subject, order, resources)
            graph = made.proto.graph
            if change == "renames the output":
                graph.node[-1].output[0] = graph.output[0].name = "other"
            elif change == "fixes the batch size":
                graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
            elif change == "drops metadata":
                del made.proto.metadata_props[:]
            elif change == "names what is not there":
                made = replace(made, applied=(Applied("nowhere", "bias", "three copies"),))
            elif change == "does nothing":
                made = replace(made, applied=())
            elif change == "keeps two copies only":
                copy = next(t for t in graph.initializer if t.name == "b_third")
                copy.CopyFrom(numpy_helper.from_array(np.zeros(4, np.float32), "b_third"))
            return made

    return Liar()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("changes what it was given", "vote has changed the model that it was given"),
        ("renames the output", "vote has changed the outputs of"),
        ("fixes the batch size", "vote has changed the inputs of"),
        ("drops metadata", "vote has dropped the metadata entry 'stride'"),
        ("names what is not there", "vote names 'nowhere', which is not in the hardened model"),
        ("does nothing", "vote has changed nothing"),
        ("keeps two copies only", "b is not stored three times"),
    ],
)
def test_a_broken_promise_is_a_defect(change: str, says: str) -> None:
    proto = parse_model(SUMS)
    proto.metadata_props.add(key="stride", value="32")
    harden(subject_of(proto), VOTE)
    with pytest.raises(NotEnsured, match=re.escape(says)):
        harden(subject_of(proto), lying(change))


def test_a_broken_promise_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    liar = lying("keeps two copies only")
    monkeypatch.setattr(mitigations, "MITIGATIONS", (liar,))
    done = invoke("harden", *summed(tmp_path))
    assert done.code == 4
    assert "[not-ensured]" in done.err
    assert not (tmp_path / "h.onnx").exists()


def spoilt(change: Change, how: str) -> Change:
    """A bound that is not as the report says."""
    proto = onnx.ModelProto()
    proto.CopyFrom(change.proto)
    graph = proto.graph
    if how == "a threshold moves":
        tensor = next(t for t in graph.initializer if t.name.endswith("h_threshold"))
        tensor.CopyFrom(numpy_helper.from_array(np.array(99, np.float32), tensor.name))
    elif how == "a weight moves":
        tensor = next(t for t in graph.initializer if t.name == "w")
        tensor.CopyFrom(numpy_helper.from_array(np.ones((2, 2), np.float32), "w"))
    elif how == "another node changes":
        node = next(n for n in graph.node if n.op_type == "Softmax")
        node.attribute.append(onnx.helper.make_attribute("axis", 0))
    elif how == "a bound is not listed":
        return replace(change, applied=change.applied[:1])
    elif how == "a bound is missing":
        return replace(change, applied=(*change.applied, replace(change.applied[0], value="m")))
    else:
        applied = replace(change.applied[0], bound=Threshold(high=7.0))
        return replace(change, applied=(applied, *change.applied[1:]))
    return replace(change, proto=proto)


BOUNDED = """
    <ir_version: 8, opset_import: ["" : 17]>
    net (float[N, 2] image) => (float[N, 2] scores) <float[2, 2] w = {1, 2, 3, 4}> {
        h = Relu (image)
        m = MatMul (h, w)
        l = LeakyRelu (m)
        scores = Softmax (l)
    }
"""


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize(
    "how",
    [
        *("a threshold moves", "a weight moves", "another node changes"),
        *("a bound is not listed", "a bound is missing", "the report says another bound"),
    ],
)
def test_bounds_that_are_not_as_was_said_are_defects(member: str, how: str) -> None:
    mitigation = MEMBERS[member]
    subject = subject_of(parse_model(BOUNDED))
    resources = resources_of(row(-1, 3), row(2, 1))
    change = mitigation.apply(subject, Order(), resources)
    mitigation.ensures(subject, change)
    with pytest.raises(NotEnsured):
        mitigation.ensures(subject, spoilt(change, how))


# Every member


@pytest.mark.parametrize(("member", "example"), examples())
@pytest.mark.parametrize("optimize", [False, True])
def test_examples_are_true(member: Mitigation, example: Example, optimize: bool) -> None:
    calibration = [array(example.calibration)] if example.calibration else []
    proto = hardened_on(parse_model(example.model), *calibration, mitigation=member)
    (answer,) = run(proto, array(example.given), optimize=optimize, name=proto.graph.input[0].name)
    assert np.array_equal(answer, array(example.answers), equal_nan=True)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_describes_itself(name: str) -> None:
    member = MEMBERS[name]
    assert re.fullmatch(r"[a-z0-9-]+", member.name)
    assert 3 < len(member.summary) < 100
    assert member.summary[-1] not in ".,;"
    assert member.examples()
    assert find_mitigation(name) is member


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("member", ["relu6", "ranger", "actmax"])
def test_every_member_keeps_its_promises_on_every_activation(member: str, activation: str) -> None:
    """`harden` raises where it does not."""
    proto = activation_net(ACTIVATIONS[activation])
    images = np.random.default_rng(0).standard_normal((9, 5)).astype(np.float32)
    try:
        change = changed_on(proto, 3 * images, mitigation=MEMBERS[member])
    except NothingToBound:
        assert (member, activation.startswith(("relu6", "hard tanh", "clip"))) == ("relu6", True)
        return
    assert change.applied
    assert change.thresholds is not None
    assert change.thresholds.thresholds.keys() == {place.value for place in change.applied}


def test_names_are_told_apart() -> None:
    assert [m.name for m in MITIGATIONS] == list(MEMBERS)
    assert (RELU6, RANGER, ACTMAX, CLIPACT) == MITIGATIONS


# Everything that lists the family


def test_the_documentation_lists_the_family() -> None:
    """The table of methods has one row for each member, in the order of the list."""
    text = (ROOT / "docs" / "hardening.md").read_text("utf-8")
    table = text.split("## Methods")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE) == list(MEMBERS)


def test_the_help_lists_the_family() -> None:
    with environment():
        shown = " ".join(invoke("harden", "--help").out.replace("│", " ").split())
    for member in MITIGATIONS:
        assert f"{member.name} ({member.summary})" in shown


def test_the_command_offers_the_options_of_the_family() -> None:
    """An option that no command takes could never be given."""
    with environment():
        shown = invoke("harden", "--help").out
    for member in MITIGATIONS:
        for option in member.options:
            assert f"--{option}" in shown, (member.name, option)


def test_no_code_asks_for_a_member_by_name() -> None:
    """Else a new one would be forgotten there."""
    names = "|".join(MEMBERS)
    asked = re.compile(rf"""(==|!=|\bis\b|\bin\b)\s*[\[({{]*["']({names})["']""")
    for folder in ("analyzer", "exporters"):
        for path in (ROOT / folder).rglob("*.py"):
            found = asked.search(path.read_text("utf-8"))
            assert found is None, (path, found)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_runs_as_a_command(name: str, tmp_path: Path, voting: None) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    arguments: list[str | Path] = [model, "--method", name, "--data", data]
    if "patterns" in MEMBERS[name].options:
        arguments += ["--patterns", "40", "--iterations", "2"]
    done = invoke("harden", *arguments, "-o", tmp_path / "h.onnx")
    assert (done.code, done.err) == (0, "")
    assert f"method {name}, 1 activation bounded" in done.out
