"""Pretraining by each method: what it learns, resumed bit for bit, and a collapse that is seen."""

import io
import math
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import BadNetwork, BadTrainingState

torch = pytest.importorskip("torch")

from exporters.pretraining.encoder import without_classifier  # noqa: E402
from exporters.pretraining.methods import METHODS, method_named  # noqa: E402
from exporters.pretraining.methods.dino import DinoLearner  # noqa: E402
from exporters.pretraining.methods.swav import SwavLearner  # noqa: E402
from exporters.pretraining.monitors.spread import spread  # noqa: E402
from exporters.pretraining.objective import FEATURE_SPREAD, KNN, SPREAD  # noqa: E402
from exporters.torch.initial import load_initial  # noqa: E402
from exporters.torch.zoo import build_known, import_torchvision  # noqa: E402
from exporters.training.objective import StepInfo  # noqa: E402
from tests.exporters.ssl_nets import CLASSES, SIDE, TINY, network, order, run  # noqa: E402

NAMES = [method.name for method in METHODS]


class Interrupted(Exception):
    """Ctrl-C, as far as the training can tell."""


def weights(found: Any) -> dict[str, Any]:
    return {
        **found.content["state_dict"],
        **{f"h.{n}": v for n, v in found.content["heads"].items()},
    }


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def step(epoch: int = 0, number: int = 0) -> StepInfo:
    return StepInfo(epoch, number, 4, 2)


@pytest.mark.parametrize("method", NAMES)
def test_an_interrupted_pretraining_ends_where_an_undisturbed_one_does(
    method: str, tmp_path: Path
) -> None:
    whole = run(order(method), tmp_path / "whole")

    def stop(_: object) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        run(order(method), tmp_path / "parts", epoch=stop)
    found = run(order(method), tmp_path / "parts")
    assert found.result.taken_over == 1
    assert equal(weights(whole), weights(found))
    assert [e.validation for e in found.result.history] == [
        e.validation for e in whole.result.history
    ]
    assert not equal(weights(whole), weights(run(order(method, seed=4))))


def test_the_state_of_another_method_is_refused(tmp_path: Path) -> None:
    run(order("simsiam", epochs=1), tmp_path)
    with pytest.raises(BadTrainingState, match="method"):
        run(order("simsiam:dim=16,layers=2", epochs=1), tmp_path)


@pytest.mark.parametrize("method", NAMES)
def test_what_is_kept_is_a_beginning_for_fine_tuning(method: str, tmp_path: Path) -> None:
    found = run(order(method, epochs=1))
    file = tmp_path / "checkpoint.pt"
    torch.save(found.content, file)
    content = torch.load(file, weights_only=True)
    assert (content["method"], content["network"]) == (method, "tiny.py:network")
    assert content["facts"]["preprocessing"]["relcheck.mean"] == "0.5"
    fresh = network(seed=8)
    begun = load_initial(fresh, file, "tiny.py:network")
    assert set(begun.fresh) == {"8.weight", "8.bias"}
    assert method in begun.layout
    given = torch.rand(5, 3, SIDE, SIDE)
    features = without_classifier(fresh, (3, SIDE, SIDE)).module(given)
    kept = network(seed=9)
    kept.load_state_dict(content["state_dict"], strict=False)
    wanted = without_classifier(kept, (3, SIDE, SIDE)).module(given)
    torch.testing.assert_close(features, wanted, rtol=0, atol=0)
    assert not any(name.startswith("backbone.") for name in content["heads"])


@pytest.mark.parametrize("method", NAMES)
def test_images_without_classes_have_no_neighbours_but_a_spread(method: str) -> None:
    with_classes = run(order(method, epochs=1)).result.history[0].validation
    assert list(with_classes) == [KNN, SPREAD, FEATURE_SPREAD]
    assert with_classes[KNN] > 2 / CLASSES
    without = run(order(method, labelled=False, epochs=1))
    assert list(without.result.history[0].validation) == [SPREAD, FEATURE_SPREAD]
    assert without.bank == 0


def test_simsiam_without_its_stop_gradient_collapses_and_with_it_does_not() -> None:
    """Chen and He 2021, section 4.1 and figure 2."""
    settings: dict[str, Any] = {"count": 256, "epochs": 5, "batch": 16, "learning_rate": 0.3}
    collapsed = run(order("simsiam:dim=32,stop_gradient=false", **settings))
    sound = run(order("simsiam:dim=32", **settings))
    assert collapsed.collapsed
    assert not sound.collapsed
    assert sound.result.history[-1].validation[SPREAD] > 0.3
    assert collapsed.result.history[-1].loss < sound.result.history[-1].loss  # of no use to tell


def test_the_spread_is_one_on_the_sphere_and_zero_at_a_point() -> None:
    generator = torch.Generator().manual_seed(0)
    everywhere = torch.randn(20_000, 16, generator=generator)
    assert spread(everywhere) == pytest.approx(1.0, abs=0.005)
    assert spread(everywhere * 1000) == spread(everywhere) or math.isclose(
        spread(everywhere * 1000), spread(everywhere), rel_tol=1e-6
    )
    assert spread(torch.ones(50, 16) * torch.arange(1, 51)[:, None]) < 1e-6


def test_embeddings_are_taken_as_given() -> None:
    """No gradient reaches the projection through z: with a dead predictor there is none at all."""
    from exporters.pretraining.methods.simsiam import SimSiamLearner

    views = (torch.rand(8, 3, SIDE, SIDE), torch.rand(8, 3, SIDE, SIDE))
    gradients = {}
    for stop in (True, False):
        torch.manual_seed(0)
        encoder = without_classifier(network(), (3, SIDE, SIDE))
        method = method_named(f"simsiam:dim=16,stop_gradient={str(stop).lower()}")
        learner = method.learner(encoder, 0)
        assert isinstance(learner, SimSiamLearner)
        learner.predictor[3].weight.data.zero_()  # p no longer depends on z
        learner.network.train()
        learner.loss(views, step()).backward()
        gradients[stop] = learner.backbone[0].weight.grad.abs().sum().item()
    assert gradients[True] == 0.0
    assert gradients[False] > 0.0


def learner_of(method: str) -> Any:
    torch.manual_seed(0)
    learner = method_named(TINY[method]).learner(without_classifier(network(), (3, SIDE, SIDE)), 0)
    learner.network.train()
    return learner


def optimizer_of(learner: Any) -> Any:
    return torch.optim.SGD(learner.parameters(), 0.5)


def go(learner: Any, optimizer: Any, place: StepInfo, seed: int = 0) -> float:
    generator = torch.Generator().manual_seed(seed)
    sides = (SIDE, SIDE, 5)
    views = tuple(torch.rand(8, 3, side, side, generator=generator) for side in sides)
    optimizer.zero_grad()
    loss = learner.loss(views, place)
    loss.backward()
    optimizer.step()
    learner.after_step(place)
    return float(loss.item())


def test_prototypes_stay_on_the_sphere_and_rest_at_first() -> None:
    learner = learner_of("swav")
    assert isinstance(learner, SwavLearner)
    optimizer, weight = optimizer_of(learner), learner.prototypes.weight
    before = weight.detach().clone()
    go(learner, optimizer, step(0, 0))
    assert torch.equal(before, weight)
    go(learner, optimizer, step(1, 4))
    assert not torch.allclose(before, weight, atol=1e-4)
    torch.testing.assert_close(weight.norm(dim=1), torch.ones(len(weight)))


def test_the_queue_holds_the_embeddings_of_the_batches_before_newest_first() -> None:
    learner, seen = learner_of("swav"), list[Any]()
    optimizer, project = optimizer_of(learner), learner.project

    def noted(features: Any) -> Any:
        seen.append(project(features))
        return seen[-1]

    learner.project = noted
    for number in range(4):
        go(learner, optimizer, step(0, number), seed=number)
    first_crops = [seen[index][:8].detach() for index in (6, 4, 2)]  # two sizes in each step
    torch.testing.assert_close(learner.network.queue[0], torch.cat(first_crops))
    assert int(learner.network.queued) == 32


def test_a_full_queue_changes_the_assignments() -> None:
    losses = {}
    for method in (TINY["swav"], TINY["swav"].replace("queue_from=1", "queue_from=9")):
        torch.manual_seed(0)
        encoder = without_classifier(network(), (3, SIDE, SIDE))
        learner: Any = method_named(method).learner(encoder, 0)
        learner.network.train()
        optimizer = optimizer_of(learner)
        losses[method] = [go(learner, optimizer, step(n // 4, n), seed=n) for n in range(5)]
    one, other = losses.values()
    assert one[:4] == other[:4]
    assert one[4] != other[4]


def test_the_teacher_is_a_moving_average_and_learns_nothing_itself() -> None:
    learner = learner_of("dino")
    assert isinstance(learner, DinoLearner)
    optimizer = optimizer_of(learner)
    slow = [p.clone() for p in learner.teacher.parameters()]
    go(learner, optimizer, step(0, 0))
    pairs = zip(slow, learner.teacher.parameters(), learner.student.parameters(), strict=True)
    for old, new, fast in pairs:
        torch.testing.assert_close(new, 0.9 * old + 0.1 * fast)
        assert new.grad is None
    assert all(p.requires_grad is False for p in learner.teacher.parameters())


def test_dinos_last_layer_rests_at_first_and_its_rows_have_norm_one() -> None:
    learner = learner_of("dino")
    optimizer, last = optimizer_of(learner), learner.student["head"]["last"]
    before = last.weight.detach().clone()
    go(learner, optimizer, step(0, 0))
    assert torch.equal(before, last.weight)
    go(learner, optimizer, step(1, 4))
    assert not torch.equal(before, last.weight)
    torch.testing.assert_close(last.weight.norm(dim=1), torch.ones(last.out_features))


def test_the_predictors_rate_does_not_fall_unless_it_is_told_to() -> None:
    *_, predictor = learner_of("simsiam").parameters()
    assert predictor["fixed_lr"] is True
    falling = method_named("simsiam:dim=16,fixed_predictor=false")
    *_, predictor = falling.learner(without_classifier(network(), (3, SIDE, SIDE)), 0).parameters()
    assert "fixed_lr" not in predictor


@pytest.mark.parametrize(
    ("name", "classifier", "features"),
    [
        ("resnet18", "fc", 512),
        ("mobilenet_v3_small", "classifier.3", 1024),
        ("vit_b_32", "heads.head", 768),
    ],
)
def test_the_classifier_is_what_the_network_ends_in(
    name: str, classifier: str, features: int
) -> None:
    import_torchvision()
    made = build_known(name, 10, 0)
    whole = set(made.state_dict())
    encoder = without_classifier(
        made, (3, 224 if "vit" in name else 32, 224 if "vit" in name else 32)
    )
    assert (encoder.classifier, encoder.features) == (classifier, features)
    assert whole - set(encoder.module.state_dict()) == {
        f"{classifier}.weight",
        f"{classifier}.bias",
    }


def test_networks_that_end_otherwise_are_refused() -> None:
    with pytest.raises(BadNetwork, match="ends in no linear layer"):
        without_classifier(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3)), (3, 8, 8))
    with pytest.raises(BadNetwork, match="does not run on inputs of 1x8x8"):
        without_classifier(network(), (1, 8, 8))


def test_the_content_can_be_written_without_running_code_when_it_is_read() -> None:
    stream = io.BytesIO()
    torch.save(run(order("dino", epochs=1)).content, stream)
    stream.seek(0)
    assert torch.load(stream, weights_only=True)["relcheck"] == "relcheck pretrained 1"
