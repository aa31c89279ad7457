"""The known answers: all are given, nothing is left out, and each of them can fail."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import onnx.parser
import pytest

from analyzer.faults.elements import ELEMENT_TYPES, ENCODINGS, codec_for
from analyzer.faults.kinds import FAULT_KINDS, FaultKind
from analyzer.faults.models import parse_fault
from analyzer.known_answers import operators
from analyzer.known_answers.counts import Chance, CountQuantile
from analyzer.known_answers.draws import TrialDraw, Words
from analyzer.known_answers.estimates import KnownEstimate
from analyzer.known_answers.exposure import Conversion
from analyzer.known_answers.frequencies import DRAWN, Frequency
from analyzer.known_answers.gates import GateVerdict
from analyzer.known_answers.intervals import Limits
from analyzer.known_answers.numbering import SiteNumber
from analyzer.known_answers.operators import OperatorFault
from analyzer.known_answers.outcomes import Outcome
from analyzer.known_answers.plans import PlanId
from analyzer.known_answers.records import KnownAnswer, Topic
from analyzer.known_answers.requirements import REQUIREMENTS
from analyzer.known_answers.several import ANSWERS as SEVERAL
from analyzer.known_answers.stored import StoredFault, reading_model
from analyzer.known_answers.strata import SevereBits, Weights
from analyzer.known_answers.suite import TOPICS, SuiteResult, run_suite
from analyzer.known_answers.tiny import FORMATS, IR_VERSION, OPSET, Pair, opened
from analyzer.runtime.layout.layout import Layout, Route
from analyzer.runtime.live import LiveExecutor

ANSWERS: list[KnownAnswer] = [a for topic in TOPICS for a in topic.answers]
STORED = [a for a in ANSWERS if isinstance(a, StoredFault)]


@pytest.fixture(scope="module")
def result() -> SuiteResult:
    return run_suite()


def test_every_answer_is_the_known_one(result: SuiteResult) -> None:
    assert [(f.answer.id, f.answer.expected, f.found) for f in result.differing] == []
    assert result.passed


def test_every_question_is_asked_once(result: SuiteResult) -> None:
    asked = Counter(f.answer.id for t in result.topics for f in t.findings)
    assert asked == Counter(a.id for a in ANSWERS)
    assert set(asked.values()) == {1}
    assert result.asked == len(ANSWERS)


def test_ids_and_texts() -> None:
    for answer in ANSWERS:
        assert re.fullmatch(r"KA-\d{3}", answer.id)
        assert answer.requirement in REQUIREMENTS
        assert len(answer.working) >= 10, answer.id
        assert answer.given
        assert answer.expected


def test_every_requirement_is_verified() -> None:
    along = {r for topic in TOPICS for r in topic.also}
    assert along | {a.requirement for a in ANSWERS} == set(REQUIREMENTS)


@pytest.mark.parametrize(
    ("element", "encoding", "kind"), list(product(ELEMENT_TYPES, ENCODINGS, FAULT_KINDS))
)
def test_every_combination_has_an_answer(element: str, encoding: str, kind: FaultKind) -> None:
    assert [
        a
        for a in STORED
        if (a.element, parse_fault(a.fault).kind) == (element, kind) and encoding in a.encodings
    ]


@pytest.mark.parametrize("element", ELEMENT_TYPES)
def test_every_field_of_an_element_is_hit(element: str) -> None:
    kind = ELEMENT_TYPES[element]
    alone = [a for a in STORED if a.element == element and a.fault == "flip" and not a.file]
    hit = {kind.field(bit) for a in alone for _, bit in a.hits}
    assert hit == {kind.field(bit) for bit in range(kind.bits)}


def test_formats_are_those_of_the_tool() -> None:
    assert {n: bits for n, (bits, _) in FORMATS.items()} == {
        n: e.bits for n, e in ELEMENT_TYPES.items()
    }
    for answer in STORED:
        for encoding in answer.encodings:
            codec = codec_for(encoding, ELEMENT_TYPES[answer.element])
            assert (codec.bits, bool(answer.file)) == (answer.bits, codec.name == "q15.16")


def test_a_tensor_follows_the_one_at_whose_end_a_burst_ends() -> None:
    ending = next(a for a in SEVERAL if a.id == "KA-403")
    assert [a for a in SEVERAL if a.element == ending.element and a.id > ending.id]


def layout_of(pair: Pair) -> Layout:
    assert isinstance(pair.live, LiveExecutor)
    return pair.live.layout


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("element", ELEMENT_TYPES)
def test_live_weights_are_what_is_asked(element: str, encoding: str) -> None:
    """A suite whose faults all went through the edited file would verify one executor only."""
    members = [a.stored() for a in STORED if a.element == element and encoding in a.encodings]
    with opened(*reading_model(members), "KA-*", encoding) as pair:
        routes = set(layout_of(pair).routes.values())
    # ONNX Runtime takes no 4-bit buffers from outside: docs/engine.md, route "reload".
    assert routes == {Route.RELOAD if element in {"int4", "uint4"} else Route.IN_PLACE}


@pytest.mark.parametrize(
    ("id_", "tensor", "route"),
    [
        ("KA-421", "w", Route.IN_PLACE),
        ("KA-423", "w", Route.IN_PLACE),
        ("KA-424", "gamma", Route.RECOMPUTED),
        ("KA-425", "w", Route.IN_PLACE),
        ("KA-426", "s", Route.RELOAD),
        ("KA-428", "v", Route.NO_EFFECT),
    ],
)
def test_operators_visit_every_route(id_: str, tensor: str, route: Route) -> None:
    asked = next(a for a in operators.ANSWERS if a.id == id_)
    text = f'<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]> tiny {asked.graph}'
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.extend(s.tensor() for s in asked.stored)
    feeds = {"x": np.array(asked.fed, np.float32).reshape(asked.shape())}
    with opened(proto, feeds, "*", "stored") as pair:
        layout = layout_of(pair)
    assert layout.routes[tensor] is route
    if id_ == "KA-423":  # ONNX Runtime stands its elements in another order
        assert layout.places[tensor][0].positions is not None


def wrong_value(a: StoredFault) -> StoredFault:
    (code, _), *others = a.after
    return replace(a, after=((code, 7.25), *others))


def wrong_code(a: StoredFault) -> StoredFault:
    (code, value), *others = a.after
    return replace(a, after=((code ^ 1, value), *others))


def wrong_golden(a: StoredFault) -> StoredFault:
    (code, _), *others = a.before
    return replace(a, before=((code, 7.25), *others))


def wrong_place(a: StoredFault) -> StoredFault:
    """Another bit is hit than the answer says, and its last element."""
    moved = (len(a.before) - 1, (a.hits[0][1] + 1) % a.bits)
    return replace(a, upsets=("flip", moved))


Spoil = Callable[[Any], KnownAnswer]

SPOILS: list[tuple[type[KnownAnswer], Spoil]] = [
    (StoredFault, wrong_value),
    (StoredFault, wrong_code),
    (StoredFault, wrong_golden),
    (StoredFault, wrong_place),
    (OperatorFault, lambda a: replace(a, faulty=(99.0, *a.faulty[1:]))),
    (OperatorFault, lambda a: replace(a, golden=(99.0, *a.golden[1:]))),
    (SiteNumber, lambda a: replace(a, total=a.total + 1)),
    (SiteNumber, lambda a: replace(a, place=(*a.place[:2], a.place[2] - 1 if a.place[2] else 1))),
    (Chance, lambda a: replace(a, probability=a.probability * (1 + 1e-9) + 1e-300)),
    (CountQuantile, lambda a: replace(a, count=a.count + 1)),
    (Frequency, lambda a: replace(a, least=a.most + 1, most=a.draws)),
    (SevereBits, lambda a: replace(a, bits=a.bits[1:])),
    (Weights, lambda a: replace(a, weights=(("0", a.weights[0][1] * 1.0001), *a.weights[1:]))),
    (Words, lambda a: replace(a, words=(a.words[0] ^ 1, *a.words[1:]))),
    (TrialDraw, lambda a: replace(a, sites=(*a.sites[:-1], a.sites[-1] + 1))),
    (TrialDraw, lambda a: replace(a, trial=a.trial + 7)),
    (PlanId, lambda a: replace(a, digest=a.digest[::-1])),
    (Limits, lambda a: replace(a, high=(a.high[1] + 1e-9, 2.0))),
    (Limits, lambda a: replace(a, low=(a.low[1] + 1e-9, 2.0))),
    (KnownEstimate, lambda a: replace(a, sdc=a.sdc + 1e-15)),
    (KnownEstimate, lambda a: replace(a, metric=a.metric + 1e-15)),
    (Outcome, lambda a: replace(a, masked=a.masked + 1)),
    (Outcome, lambda a: replace(a, lost=a.lost + 1)),
    (Conversion, lambda a: replace(a, low=a.high * 1.01, high=a.high * 2)),
    (Conversion, lambda a: replace(a, high=a.low * 0.99, low=0.0)),
    (GateVerdict, lambda a: replace(a, verdict="fail" if a.verdict == "pass" else "pass")),
]
"""What spoils the answers of each kind."""


@pytest.mark.parametrize("number", range(len(SPOILS)))
def test_every_answer_can_fail(number: int) -> None:
    kind, spoil = SPOILS[number]
    topics = [t for t in TOPICS if isinstance(t.answers[0], kind)]
    assert topics
    for topic in topics:
        spoilt: Sequence[KnownAnswer] = [spoil(a) for a in topic.answers]
        passed = [f.answer.id for f in topic.check(spoilt) if f.agrees]
        assert passed == []


def test_every_kind_of_answer_is_spoilt() -> None:
    assert {type(a) for a in ANSWERS} == {kind for kind, _ in SPOILS}


def test_every_draw_is_asked_for() -> None:
    assert {a.what for a in ANSWERS if isinstance(a, Frequency)} == set(DRAWN)


def test_what_raises_is_a_difference() -> None:
    unknown = replace(STORED[0], element="float128")
    topic: Topic[StoredFault] = replace(TOPICS[0], answers=(unknown,))
    (found,) = run_suite((topic,)).differing
    assert "KeyError: 'float128'" in found.found
