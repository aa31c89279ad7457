"""Index <-> (tensor, element, bit), masks and selection: against a bit-by-bit oracle."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import EmptySelection
from analyzer.faults.elements import FLOAT32, INT4, INT8, StoredCodec, codec_for
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.space import FaultSpace, Kind, Selection, TensorSite
from tests.strategies import examples, patterns, spaces


def tensor(name: str, *shape: int, kind: Kind = Kind.WEIGHT) -> TensorSite:
    return TensorSite(name, kind, shape, StoredCodec(FLOAT32), "float32")


THREE = FaultSpace(
    (
        TensorSite("a", Kind.WEIGHT, (2, 2), StoredCodec(INT4), "int4"),
        TensorSite("none", Kind.WEIGHT, (0, 3), StoredCodec(FLOAT32), "float32"),
        TensorSite("b", Kind.SCALE, (), codec_for("q15.16", FLOAT32), "float32"),
        TensorSite("c", Kind.BIAS, (3,), StoredCodec(INT8), "int8"),
    )
)


def test_sizes_are_sums() -> None:
    assert THREE.offsets.tolist() == [0, 16, 16, 48, 72]
    assert THREE.bits == 72
    assert THREE.parameters == 8
    assert FaultSpace(()).bits == 0


def test_tensors_are_found_by_name() -> None:
    assert [THREE.tensor_index(n) for n in ("a", "none", "b", "c")] == [0, 1, 2, 3]
    with pytest.raises(KeyError):
        THREE.tensor_index("d")


@pytest.mark.parametrize(
    ("site", "place"),
    [
        (0, (0, 0, 0)),
        (3, (0, 0, 3)),
        (4, (0, 1, 0)),
        (15, (0, 3, 3)),
        (16, (2, 0, 0)),
        (47, (2, 0, 31)),
        (48, (3, 0, 0)),
        (71, (3, 2, 7)),
    ],
)
def test_sites_run_tensor_by_tensor_element_by_element_bit_0_first(
    site: int, place: tuple[int, int, int]
) -> None:
    assert THREE.locate(site) == place
    assert THREE.site(*place) == site


@examples(50)
@given(spaces())
def test_locate_lists_every_bit_once_in_order(space: FaultSpace) -> None:
    places = [space.locate(site) for site in range(space.bits)]
    assert places == [
        (t, element, bit)
        for t, tensor in enumerate(space.tensors)
        for element in range(tensor.elements)
        for bit in range(tensor.codec.bits)
    ]
    assert [space.site(*place) for place in places] == list(range(space.bits))


@pytest.mark.parametrize("site", [-1, 72, 10**12])
def test_there_is_no_site_outside(site: int) -> None:
    with pytest.raises(IndexError, match=r"0\.\.71"):
        THREE.locate(site)


def slow_hits(space: FaultSpace, pattern: FaultPattern) -> Iterator[tuple[int, int]]:
    """(tensor, bit within it), one by one; a burst ends with its tensor."""
    for site in pattern.sites.tolist():
        index, element, bit = space.locate(site)
        tensor = space.tensors[index]
        for step in range(pattern.fault.length):
            within = element * tensor.codec.bits + bit + step
            if within < tensor.bits:
                yield index, within


def slow_masks(space: FaultSpace, pattern: FaultPattern) -> dict[tuple[int, int], int]:
    """(tensor, element) -> bits hit an odd number of times."""
    masks: Counter[tuple[int, int]] = Counter()
    for (index, within), times in Counter(slow_hits(space, pattern)).items():
        element, bit = divmod(within, space.tensors[index].codec.bits)
        masks[index, element] += (times % 2) << bit
    return dict(masks)


@st.composite
def spaces_and_patterns(draw: st.DrawFn) -> tuple[FaultSpace, FaultPattern]:
    space = draw(spaces())
    return space, draw(patterns(space))


@examples(300)
@given(spaces_and_patterns())
def test_hits_and_masks_are_those_found_bit_by_bit(case: tuple[FaultSpace, FaultPattern]) -> None:
    space, pattern = case
    tensors, bits = space.bits_hit(pattern)
    assert Counter(zip(tensors.tolist(), bits.tolist(), strict=True)) == Counter(
        slow_hits(space, pattern)
    )
    assert tensors.tolist() == sorted(tensors.tolist())
    found = {
        (hit.tensor, element): mask
        for hit in space.masks(pattern)
        for element, mask in zip(hit.elements.tolist(), hit.masks.tolist(), strict=True)
    }
    assert found == slow_masks(space, pattern)


@examples(100)
@given(spaces_and_patterns())
def test_masks_name_each_tensor_and_element_once_in_order(
    case: tuple[FaultSpace, FaultPattern],
) -> None:
    space, pattern = case
    hits = list(space.masks(pattern))
    assert [h.tensor for h in hits] == sorted({h.tensor for h in hits})
    for hit in hits:
        assert hit.elements.tolist() == sorted(set(hit.elements.tolist()))
        element = space.tensors[hit.tensor].codec
        narrow = hit.codes(np.dtype(f"uint{max(8, element.bits)}"))
        assert narrow.tolist() == hit.masks.tolist()


def burst(length: int, *sites: int) -> FaultPattern:
    return FaultPattern(parse_fault(f"burst:{length}"), np.array(sites, np.int64))


def hits_of(pattern: FaultPattern) -> dict[str, list[tuple[int, int]]]:
    return {
        THREE.tensors[h.tensor].name: list(zip(h.elements.tolist(), h.masks.tolist(), strict=True))
        for h in THREE.masks(pattern)
    }


def test_a_burst_crosses_element_borders() -> None:
    assert hits_of(burst(6, 2)) == {"a": [(0, 0b1100), (1, 0b1111)]}


def test_a_burst_ends_with_its_tensor() -> None:
    assert hits_of(burst(6, 14)) == {"a": [(3, 0b1100)]}
    assert hits_of(burst(64, 71)) == {"c": [(2, 0b10000000)]}


def test_bursts_that_overlap_cancel_bit_by_bit() -> None:
    assert hits_of(burst(2, 48, 49)) == {"c": [(0, 0b101)]}
    assert hits_of(burst(3, 48, 49, 50)) == {"c": [(0, 0b10101)]}


def test_a_pattern_counts_upsets_not_bits() -> None:
    assert len(burst(6, 2, 14)) == 2


TENSORS = [
    tensor("conv1.weight", 4, kind=Kind.WEIGHT),
    tensor("conv1.bias", 4, kind=Kind.BIAS),
    tensor("conv10.weight", 4, kind=Kind.WEIGHT),
    tensor("fc.weight", 4, kind=Kind.WEIGHT),
    tensor("fc.scale", 4, kind=Kind.SCALE),
]


def chosen(
    include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), kinds: tuple[Kind, ...] = ()
) -> list[str]:
    return [t.name for t in Selection(include, exclude, kinds).of(TENSORS).tensors]


def test_an_empty_selection_takes_everything_in_order() -> None:
    assert chosen() == [t.name for t in TENSORS]


def test_includes_add_up_and_excludes_take_out_again() -> None:
    assert chosen(("conv1.*",)) == ["conv1.weight", "conv1.bias"]
    assert chosen(("conv1.*", "fc.scale")) == ["conv1.weight", "conv1.bias", "fc.scale"]
    assert chosen(("conv*",), ("*.bias", "conv10*")) == ["conv1.weight"]
    assert chosen(exclude=("*.weight",)) == ["conv1.bias", "fc.scale"]
    assert chosen(("conv?.weight",)) == ["conv1.weight"]
    assert chosen(("*[0-9].weight",)) == ["conv1.weight", "conv10.weight"]


def test_globs_take_the_whole_name_and_its_case() -> None:
    with pytest.raises(EmptySelection):
        chosen(("conv1",))
    with pytest.raises(EmptySelection):
        chosen(("CONV1.*",))


BRACKETS = [tensor("model/layers[0]/w:0", 4), tensor("model/layers0/w:0", 4)]


@pytest.mark.parametrize("name", [t.name for t in BRACKETS])
def test_a_name_means_itself_and_no_other(name: str) -> None:
    """Case 37: as a glob, ``[0]`` is a set of characters: it would mean the other tensor."""
    rest = [t.name for t in BRACKETS if t.name != name]
    assert [t.name for t in Selection(include=(name,)).of(BRACKETS).tensors] == [name]
    assert [t.name for t in Selection(exclude=(name,)).of(BRACKETS).tensors] == rest


@pytest.mark.parametrize("flag", ["include", "exclude"])
def test_a_pattern_that_means_nothing_is_named(flag: str) -> None:
    """It may be mistyped; the others would be taken, or left, in silence."""
    patterns = {flag: ("conv1.*", "conv2.weight")}
    with pytest.raises(EmptySelection) as error:
        Selection(**patterns).of(TENSORS)  # type: ignore[arg-type]
    assert f"--{flag} 'conv2.weight' matches none of the 5 tensors" in str(error.value)
    assert "(did you mean conv1.weight?)" in str(error.value)


def test_kinds_narrow_what_names_have_chosen() -> None:
    assert chosen(kinds=(Kind.BIAS, Kind.SCALE)) == ["conv1.bias", "fc.scale"]
    assert chosen(("fc.*",), kinds=(Kind.WEIGHT,)) == ["fc.weight"]


@pytest.mark.parametrize("kind", sorted({t.kind for t in TENSORS}))
def test_a_kind_takes_all_tensors_of_its_own(kind: Kind) -> None:
    assert chosen(kinds=(kind,)) == [t.name for t in TENSORS if t.kind is kind]


def test_a_selection_that_leaves_nothing_says_how_many_there_were() -> None:
    with pytest.raises(EmptySelection, match="none of the 5 tensors"):
        chosen(("missing*",))


def test_tensors_without_elements_are_no_bits_at_risk() -> None:
    with pytest.raises(EmptySelection):
        Selection().of([tensor("none", 0, 3)])


def test_a_single_upset_of_a_stuck_fault_hits_its_own_bit() -> None:
    pattern = FaultPattern(parse_fault("stuck1"), np.array([17], np.int64))
    assert hits_of(pattern) == {"b": [(0, 2)]}
