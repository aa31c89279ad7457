"""The cheapest plan of all variants of a model is that of exhaustive search."""

from itertools import product
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.faults.elements import FLOAT32, StoredCodec
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from analyzer.jobs.protection.draft import AIM, Surveyed
from analyzer.jobs.protection.variants import Drafts, Variant, least_harmful
from analyzer.planning.harm import Amount, Harm, total
from analyzer.planning.menu import Choice
from analyzer.planning.offers import Limits

amounts = st.integers(0, 60).map(lambda n: n / 10.0)
choices = st.builds(
    lambda bits, sdc: Choice(None, (), 0, bits, Harm(Amount(sdc, 0.01), Amount(0.0))),
    st.integers(0, 50),
    amounts,
)
menus = st.lists(st.lists(choices, min_size=1, max_size=3), min_size=1, max_size=4)
forms = st.lists(st.tuples(st.integers(0, 40), menus), min_size=1, max_size=3)


def variant(added: int, own: list[list[Choice]]) -> Variant:
    sites = tuple(
        TensorSite(str(number), Kind.WEIGHT, (1,), StoredCodec(FLOAT32), "float32")
        for number in range(len(own))
    )
    one = Surveyed(cast(Any, None), cast(Any, None), FaultSpace(sites), (), own)
    return Variant(None, added, [one], cast(Any, None))


def least(found: list[tuple[int, list[list[Choice]]]], limits: Limits) -> tuple[int, int] | None:
    """Storage and index of the cheapest variant, by trying every choice of each."""
    storages = [
        (added + sum(choice.check_bits for choice in chosen), index)
        for index, (added, own) in enumerate(found)
        for chosen in product(*own)
        if limits.hold(total(choice.harm for choice in chosen))
    ]
    return min(storages, default=None)


@settings(max_examples=150, deadline=None)
@given(forms, st.integers(1, 150))
def test_the_cheapest_plan_is_that_of_exhaustive_search(
    found: list[tuple[int, list[list[Choice]]]], budget: int
) -> None:
    """For the first part and margin for which any variant has a plan; ties go to the earlier."""
    limits = Limits(budget / 10.0 + 1e-4, None, 1.645)
    variants = [variant(added, own) for added, own in found]
    draft = Drafts(variants, limits).cheapest()
    for part, deviations in ((AIM, 1.645), (1.0, 1.645), (1.0, 0.0)):
        best = least(found, limits.scaled(part, deviations))
        if best is not None:
            assert draft is not None
            assert (draft.part, draft.deviations) == (part, deviations)
            assert (variants[draft.variant].storage(draft), draft.variant) == best
            return
    assert draft is None


@settings(max_examples=50, deadline=None)
@given(forms)
def test_the_least_harmful_plan_is_that_of_exhaustive_search(
    found: list[tuple[int, list[list[Choice]]]],
) -> None:
    limits = Limits(1.0, None, 0.0)
    left = least_harmful([variant(added, own) for added, own in found], limits)
    least_harm = min(
        total(choice.harm for choice in chosen).sdc.mean
        for _, own in found
        for chosen in product(*own)
    )
    assert abs(left.solution.harm.sdc.mean - least_harm) < 1e-9


def test_a_refused_plan_gives_way_to_the_next() -> None:
    one = [[Choice(None, (), 0, 3, Harm(Amount(0.1, 0.0), Amount(0.0)))]]
    drafts = Drafts([variant(2, one), variant(0, one)], Limits(1.0))
    first = drafts.cheapest()
    assert first is not None
    assert first.variant == 1
    drafts.replace(1, Limits(0.01), None)
    second = drafts.cheapest()
    assert second is not None
    assert (second.variant, drafts.limits(1), drafts.all[1]) == (0, Limits(0.01), None)
    drafts.replace(0, Limits(0.01), None)
    assert drafts.cheapest() is None
