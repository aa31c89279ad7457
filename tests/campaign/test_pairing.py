"""Paired patterns: the same upsets where bits correspond, and the exact law in every model."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.blocks import Block, BlockResult, run_block
from analyzer.campaign.cells import Cell
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.payload import WorkerPayload, from_buffer
from analyzer.faults.elements import ELEMENT_TYPES, FLOAT32, INT4, FixedPointCodec, StoredCodec
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.pairing import OWN, PairedLaw, Pairing, correspond
from analyzer.faults.pattern_strata import StratifiedLaw
from analyzer.faults.sampling import generator
from analyzer.faults.severity import Severity, find_severity
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from tests.campaign.contexts import zero_clock
from tests.campaign.variants import prepared
from tests.strategies import examples, spaces

FLIP = parse_fault("flip")


def nibble(name: str) -> TensorSite:
    """A tensor of one 4-bit element."""
    return TensorSite(name, Kind.WEIGHT, (1,), StoredCodec(INT4), "int4")


def named(space: FaultSpace, sites: list[int]) -> set[tuple[str, int, int]]:
    """Sites as (tensor, element, bit): what they are without any numbering."""
    found = (space.locate(site) for site in sites)
    return {(space.tensors[t].name, element, bit) for t, element, bit in found}


@st.composite
def relatives(draw: st.DrawFn) -> tuple[FaultSpace, FaultSpace]:
    """A space, and one that lacks some of its tensors, changes some, adds some, in any order."""
    reference = draw(spaces())
    kept = [t for t in reference.tensors if draw(st.booleans())]
    changed = [
        TensorSite(t.name, t.kind, (*t.shape, 2), t.codec, t.dtype)
        for t in reference.tensors
        if t not in kept and draw(st.booleans())
    ]
    added = [nibble(f"new{i}") for i in range(draw(st.integers(0, 2)))]
    tensors = draw(st.permutations([*kept, *changed, *added]))
    variant = FaultSpace(tuple(tensors))
    return reference, variant if variant.bits else reference


@examples(150)
@given(relatives(), st.data())
def test_bits_are_carried_over_by_name(
    pair: tuple[FaultSpace, FaultSpace], data: st.DataObject
) -> None:
    """The oracle goes by name, element and bit; fails if a shift is off by one tensor."""
    reference, variant = pair
    matched = correspond(reference, variant)
    common = {(t.name, t.shape, t.dtype, t.codec.name) for t in reference.tensors} & {
        (t.name, t.shape, t.dtype, t.codec.name) for t in variant.tensors
    }
    names = {name for name, *_ in common}
    sites = sorted(data.draw(st.sets(st.integers(0, reference.bits - 1), max_size=20)))
    found = matched.carried_over(FaultPattern(FLIP, np.array(sites, np.int64))).sites.tolist()
    assert named(variant, found) == {s for s in named(reference, sites) if s[0] in names}
    assert matched.common_bits == sum(t.bits for t in reference.tensors if t.name in names)
    assert matched.own_bits == sum(t.bits for t in variant.tensors if t.name not in names)
    own = matched.own_sites(np.arange(matched.own_bits)).tolist()
    expected = [s for s in range(variant.bits) if named(variant, [s]).pop()[0] not in names]
    assert own == expected


def test_tensors_of_another_shape_type_or_encoding_do_not_correspond() -> None:
    codec = StoredCodec(FLOAT32)
    w = TensorSite("w", Kind.WEIGHT, (2, 3), codec, "float32")
    int8 = ELEMENT_TYPES["int8"]
    others = [
        TensorSite("w", Kind.WEIGHT, (3, 2), codec, "float32"),
        TensorSite("v", Kind.WEIGHT, (2, 3), codec, "float32"),
        TensorSite("w", Kind.WEIGHT, (2, 3), StoredCodec(int8), "int8"),
        TensorSite("w", Kind.WEIGHT, (2, 3), FixedPointCodec(FLOAT32), "float32"),
    ]
    for other in others:
        assert correspond(FaultSpace((w,)), FaultSpace((other,))).common_bits == 0
    bias = TensorSite("w", Kind.BIAS, (2, 3), codec, "float32")  # another role, the same bits
    assert correspond(FaultSpace((w,)), FaultSpace((bias,))).shares == (1.0, 1.0)


REFERENCE = FaultSpace((nibble("gone"), nibble("common")))
VARIANT = FaultSpace((nibble("new"), nibble("common"), nibble("newer")))
SEVERE = np.array([[False, False, False, True], [False, False, True, True]])


def severity() -> Severity:
    """One severe bit that the variant lacks, two that it has."""
    tensors, positions = np.nonzero(SEVERE)
    return Severity(REFERENCE, SEVERE, tensors, positions, np.arange(1, 4))


@pytest.mark.parametrize("parted", [severity(), None], ids=["stratified", "not stratified"])
@pytest.mark.parametrize("rate", [0.03, 0.3])
def test_every_bit_of_the_variant_is_hit_independently(
    parted: Severity | None, rate: float
) -> None:
    """Weighted over the strata, all 2^12 patterns of the variant have their exact probability.

    Checked for each bit and each pair of bits. Fails if own upsets are conditioned on being
    there, if the stratum that spares the reference is left out, or with the variant's weights.
    """
    law = Pairing("plan", parted, correspond(REFERENCE, VARIANT)).law(rate, FLIP)
    draws, bits = 4000, VARIANT.bits
    hit, squares = np.zeros((bits, bits)), np.zeros((bits, bits))
    for stratum in law.strata:
        rng = generator("plan", stratum.name, 0)
        rows = np.zeros((draws, bits))
        for row in rows:
            row[law.draw(rng, stratum).sites] = 1.0
        both = rows.T @ rows / draws
        hit += stratum.weight * both
        squares += stratum.weight**2 * both * (1.0 - both) / draws
    expected = np.full((bits, bits), rate**2)
    np.fill_diagonal(expected, rate)
    assert np.all(np.abs(hit - expected) <= 5.0 * np.sqrt(squares) + 1e-12)
    total = REFERENCE.bits + law.own.bits
    assert sum(s.weight for s in law.strata) == pytest.approx(1.0 - (1.0 - rate) ** total)
    assert [s.name for s in law.strata].count(OWN) == 1


def test_a_variant_without_bits_of_its_own_needs_no_further_stratum() -> None:
    leading = StratifiedLaw(REFERENCE.bits, severity(), 0.1, FLIP)
    law = PairedLaw(leading, correspond(REFERENCE, FaultSpace((nibble("common"),))))
    assert law.strata == leading.strata


def _patterns(
    context: TrialContext, cell: Cell, count: int
) -> list[tuple[list[int], FaultPattern]]:
    drawn = (cell.draw(context.patterns, context.golden.ends, i) for i in range(count))
    return [(list(chosen), pattern) for chosen, pattern in drawn]


@pytest.mark.parametrize("exposure", ["transient", "resident"])
@pytest.mark.parametrize("fault", ["flip", "burst:3"])
def test_both_models_meet_the_same_upsets_on_the_same_images(
    tmp_path: Path, exposure: str, fault: str
) -> None:
    """By name, bit by bit; fails if the variant draws from its own plan."""
    _, (reference, variant) = prepared(tmp_path, exposure=exposure, fault=fault)
    spaces = reference.context.space, variant.context.space
    names = [{t.name for t in space.tensors} for space in spaces]
    both = names[0] & names[1]
    assert both == {"conv_w", "conv_b", "fc_w"}
    hits = own = 0
    for cell in reference.cells(1e-2):
        pairs = zip(
            _patterns(reference.context, cell, 60),
            _patterns(variant.context, cell, 60),
            strict=True,
        )
        for (images, first), (same_images, second) in pairs:
            assert images == same_images
            seen = [
                named(s, p.sites.tolist()) for s, p in zip(spaces, (first, second), strict=True)
            ]
            common = [{site for site in sites if site[0] in both} for sites in seen]
            assert common[0] == common[1]
            hits, own = hits + len(common[0]), own + len(seen[1] - common[1])
    assert hits > 100
    assert own > 5


def test_an_unpaired_campaign_draws_what_it_always_drew(tmp_path: Path) -> None:
    """The reference of a comparison is an ordinary campaign, down to its plan."""
    _, (reference, _) = prepared(tmp_path)
    assert reference.context.patterns.pairing is None
    assert "paired" not in reference.context.plan.content


def test_paired_plans_are_plans_of_their_own(tmp_path: Path) -> None:
    analyses, (reference, variant) = prepared(tmp_path)
    assert variant.context.plan.content["paired"] == reference.context.plan.id
    assert variant.context.plan.id != analyses[0].context.plan.id


def test_a_worker_draws_the_same_pairs(tmp_path: Path) -> None:
    """Fails if a payload leaves the pairing behind."""
    analyses, (_, variant) = prepared(tmp_path)
    sent = WorkerPayload.of(variant.context, analyses[1].model)
    there = from_buffer(b"".join(sent.parts())).unpack()

    def results(context: TrialContext) -> list[BlockResult]:
        cells = [Cell(1e-2, i) for i in range(len(context.patterns.split(1e-2).strata))]
        return [run_block(context, Block(cell, 0), zero_clock) for cell in cells]

    assert results(there) == results(variant.context)


def test_the_reference_decides_what_is_severe(tmp_path: Path) -> None:
    analyses, (reference, variant) = prepared(tmp_path)
    pairing = variant.context.patterns.pairing
    assert pairing is not None
    assert pairing.severity is reference.context.patterns.severity
    values = {t.name: t.values for t in analyses[0].model.inventory.at_risk}
    found = find_severity(analyses[0].space, values, FLIP)
    assert pairing.severity is not None
    assert (pairing.severity.severe == found.severe).all()
