"""The losses of pretraining beside two others: slow ones in float64, and those of lightly.

The slow ones follow the formulas image by image, in numpy, and share nothing with ours.
lightly (MIT) is installed by ``make test-export``, without its dependencies.
"""

import importlib.util
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from exporters.pretraining.methods.dino import (  # noqa: E402
    Dino,
    dino_loss,
    moved_centre,
    teacher_momentum,
)
from exporters.pretraining.methods.simsiam import negative_cosine, simsiam_loss  # noqa: E402
from exporters.pretraining.methods.ssql import ssql_loss  # noqa: E402
from exporters.pretraining.methods.swav import sinkhorn, swapped_prediction  # noqa: E402
from exporters.pretraining.monitors.neighbours import vote  # noqa: E402
from exporters.torch.zoo import import_torchvision  # noqa: E402

Array = npt.NDArray[np.float64]
CLOSE = {"rtol": 2e-5, "atol": 2e-6}
"""float32 beside float64, for sums of some dozens of terms."""


def lightly() -> tuple[ModuleType, ModuleType]:
    """lightly's losses and its schedules."""
    import_torchvision()  # in a form that a CPU-only torch can load
    loss = pytest.importorskip("lightly.loss", reason="lightly, an oracle, is not installed")
    return loss, importlib.import_module("lightly.utils.scheduler")


def values(seed: int, *shape: int) -> Any:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def slow_cosine(predicted: Any, given: Any) -> float:
    """Chen and He 2021, eq. 1, image by image."""
    total = 0.0
    for p, z in zip(predicted.double().numpy(), given.double().numpy(), strict=True):
        total -= float((p / math.sqrt(float(p @ p))) @ (z / math.sqrt(float(z @ z))))
    return total / len(predicted)


def slow_softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum())


def slow_sinkhorn(scores: Array, iterations: int, epsilon: float) -> Array:
    """Caron et al. 2020, eqs. 3 to 5: Q (prototypes, n), its marginals made 1/K and 1/B in turn."""
    matrix = np.exp(scores.T / epsilon)
    prototypes, images = matrix.shape
    matrix /= matrix.sum()
    for _ in range(iterations):
        for k in range(prototypes):
            matrix[k] *= 1 / prototypes / matrix[k].sum()
        for b in range(images):
            matrix[:, b] *= 1 / images / matrix[:, b].sum()
    return np.asarray(matrix.T * images)


def slow_cross(wanted: Array, scores: Array, temperature: float) -> float:
    """Mean over images of - sum of wanted log softmax(scores / temperature)."""
    total = 0.0
    for share, score in zip(wanted, scores, strict=True):
        total -= float(share @ np.log(slow_softmax(score / temperature)))
    return total / len(wanted)


def slow_pairs(wanted: Sequence[Array], scores: Sequence[Array], temperature: float) -> float:
    terms = [
        slow_cross(share, score, temperature)
        for i, share in enumerate(wanted)
        for j, score in enumerate(scores)
        if i != j
    ]
    return sum(terms) / len(terms)


@given(st.integers(0, 1000), st.integers(1, 9), st.integers(1, 16))
@settings(max_examples=25, deadline=None)
def test_simsiam_is_the_formula(seed: int, images: int, dim: int) -> None:
    p1, p2, z1, z2 = (values(seed * 4 + k, images, dim) for k in range(4))
    wanted = 0.5 * slow_cosine(p1, z2) + 0.5 * slow_cosine(p2, z1)
    assert simsiam_loss((p1, p2), (z1, z2)).item() == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_simsiam_and_ssql_are_those_of_lightly() -> None:
    loss, _ = lightly()
    cosine = loss.NegativeCosineSimilarity()
    p1, p2, q1, q2, z1, z2 = (values(k, 12, 32) for k in range(6))
    torch.testing.assert_close(negative_cosine(p1, z2), cosine(p1, z2), **CLOSE)
    plain = 0.5 * (cosine(p1, z2) + cosine(p2, z1))
    rounded = 0.5 * (cosine(q1, z2) + cosine(q2, z1))
    torch.testing.assert_close(simsiam_loss((p1, p2), (z1, z2)), plain, **CLOSE)
    ours = ssql_loss((p1, p2), (q1, q2), (z1, z2))
    torch.testing.assert_close(ours, 0.5 * (plain + rounded), **CLOSE)


@given(st.integers(0, 1000), st.integers(1, 9), st.integers(2, 12), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_assignments_are_the_formula(seed: int, images: int, prototypes: int, rounds: int) -> None:
    scores = torch.tanh(values(seed, images, prototypes))
    wanted = slow_sinkhorn(scores.double().numpy(), rounds, 0.05)
    found = sinkhorn(scores, rounds, 0.05)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=2e-4, atol=1e-6)
    np.testing.assert_allclose(found.sum(dim=1).numpy(), 1.0, rtol=1e-5)


def test_assignments_use_all_prototypes_alike_after_many_rounds() -> None:
    scores = torch.tanh(values(3, 40, 5))
    shares = sinkhorn(scores, 200, 0.05).mean(dim=0).numpy()
    np.testing.assert_allclose(shares, 1 / 5, rtol=1e-3)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_swapped_prediction_is_the_formula(seed: int, images: int, local: int) -> None:
    scores = [torch.tanh(values(seed * 9 + k, images, 7)) for k in range(2 + local)]
    codes = [sinkhorn(view, 3, 0.05) for view in scores[:2]]
    wanted = slow_pairs(
        [slow_sinkhorn(view.double().numpy(), 3, 0.05) for view in scores[:2]],
        [view.double().numpy() for view in scores],
        0.1,
    )
    found = swapped_prediction(scores, codes, 0.1).item()
    assert found == pytest.approx(wanted, rel=2e-4)


@pytest.mark.parametrize("queued", [0, 20])
def test_swav_is_that_of_lightly(queued: int) -> None:
    loss, _ = lightly()
    scores = [torch.tanh(values(k, 10, 24)) for k in range(5)]
    queue = [torch.tanh(values(40 + k, queued, 24)) for k in range(2)] if queued else None
    wanted = loss.SwaVLoss()(scores[:2], scores[2:], queue)
    together = [torch.cat([s, q]) for s, q in zip(scores, queue, strict=False)] if queue else scores
    codes = [sinkhorn(view, 3, 0.05)[:10] for view in together[:2]]
    torch.testing.assert_close(swapped_prediction(scores, codes, 0.1), wanted[0], **CLOSE)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_dino_is_the_formula(seed: int, images: int, local: int) -> None:
    student = [values(seed * 9 + k, images, 7) for k in range(2 + local)]
    teacher = [values(seed * 9 + 6 + k, images, 7) * 0.1 for k in range(2)]
    centre = values(seed, 7) * 0.1
    wanted = slow_pairs(
        [
            np.stack([slow_softmax(row / 0.04) for row in (view - centre).double().numpy()])
            for view in teacher
        ],
        [view.double().numpy() for view in student],
        0.1,
    )
    found = dino_loss(student, teacher, centre, 0.1, 0.04).item()
    assert found == pytest.approx(wanted, rel=2e-4)


def test_dino_is_that_of_lightly_and_so_is_its_centre() -> None:
    loss, _ = lightly()
    theirs = loss.DINOLoss(9, warmup_teacher_temp=0.04, teacher_temp=0.07)
    centre, method = torch.zeros(9), Dino()
    for step in range(4):
        student = [values(step * 10 + k, 8, 9) for k in range(4)]
        teacher = [values(step * 10 + 6 + k, 8, 9) for k in range(2)]
        wanted = theirs(teacher, student, epoch=step * 12)
        temperature = method.teacher_temperature(step * 12)
        ours = dino_loss(student, teacher, centre, 0.1, temperature)
        torch.testing.assert_close(ours, wanted, **CLOSE)
        centre = moved_centre(centre, teacher, 0.9)
        torch.testing.assert_close(centre, theirs.center.flatten(), **CLOSE)


def test_the_teachers_momentum_is_that_of_lightly() -> None:
    _, scheduler = lightly()
    for step in range(50):
        wanted = scheduler.cosine_schedule(step, 50, 0.996, 1.0)
        assert teacher_momentum(0.996, step / 49) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("neighbours", [1, 5, 40])
def test_the_vote_of_neighbours_is_that_of_scikit_learn(neighbours: int) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    bank, queries = values(1, 60, 8), values(2, 300, 8)
    labels = np.random.default_rng(3).integers(4, size=60)
    judge = KNeighborsClassifier(
        neighbours, metric="cosine", weights=lambda far: np.exp((1.0 - far) / 0.07)
    )
    judge.fit(bank.double().numpy(), labels)
    found = vote(bank, torch.from_numpy(labels), queries, 4, neighbours)
    np.testing.assert_array_equal(found.numpy(), judge.predict(queries.double().numpy()))


def test_the_vote_of_neighbours_is_that_of_lightly() -> None:
    lightly()
    place = Path(sys.modules["lightly"].__file__ or "").parent / "utils/benchmarking/knn.py"
    spec = importlib.util.spec_from_file_location("lightly_knn", place)
    assert spec is not None
    assert spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)  # its package wants Lightning
    spec.loader.exec_module(theirs)
    normalize = torch.nn.functional.normalize
    bank, queries = values(1, 60, 8), values(2, 300, 8)
    labels = torch.from_numpy(np.random.default_rng(3).integers(4, size=60))
    wanted = theirs.knn_predict(
        normalize(queries, dim=1), normalize(bank, dim=1).T, labels, 4, knn_k=20, knn_t=0.07
    )
    torch.testing.assert_close(vote(bank, labels, queries, 4, 20), wanted[:, 0])
