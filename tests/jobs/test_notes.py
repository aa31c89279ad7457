"""Notes of a report on sums that the runtime takes in another order."""

from unittest import mock

import pytest

from analyzer.jobs.notes import notes_on
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.layout.reordered_sums import ReorderedSums


@pytest.mark.parametrize(("distance", "told"), [(0.0, False), (1e-7, True)])
def test_a_report_tells_of_another_order_where_it_changes_an_answer(
    distance: float, told: bool
) -> None:
    layout = mock.create_autospec(Layout, instance=True)
    layout.reordered = ReorderedSums(("Gemm",), distance)
    sentences = notes_on(None, layout, 1).sentences
    assert bool(sentences) is told
    assert all("Gemm runs on weights" in sentence for sentence in sentences)
