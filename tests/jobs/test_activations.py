"""Activations against all of them kept: every figure from plain sessions and numpy."""

import json
import math
import signal
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest

import analyzer
from analyzer.campaign.rate_cells import Cell
from analyzer.errors import BadOption, BadThresholds, FileMissing, NothingToBound
from analyzer.jobs.activations import ActivationsFound
from analyzer.jobs.activations_prepared import Preparation, Prepared
from analyzer.jobs.observer import SILENT
from analyzer.jobs.requests.activations import ActivationsRequest
from analyzer.reports.activations.record import (
    ActivationPart,
    ActivationsReport,
    DistributionPart,
    ModelActivationsPart,
    value_of,
)
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import CPU
from analyzer.stats.value_counts import RELATIVE_ERROR
from tests.support import parse_model, save, tiny_cnn, tiny_data, with_initializers

ROOT = Path(__file__).parents[2]
Values = npt.NDArray[Any]

MLP = """
<ir_version: 8, opset_import: ["" : 17]>
mlp (float[N, 6] x) => (float[N, 3] y) {
    a = Gemm (x, w1, b1)
    r = Relu (a)
    b = Gemm (r, w2, b2)
    s = Sigmoid (b)
    g = Mul (b, s)
    y = Gemm (g, w3, b3)
}
"""
"""A Relu, and a SiLU of two nodes."""


def mlp(path: Path) -> Path:
    rng = np.random.default_rng(3)
    shapes = {"w1": (6, 8), "b1": (8,), "w2": (8, 8), "b2": (8,), "w3": (8, 3), "b3": (3,)}
    values = {name: rng.standard_normal(s).astype(np.float32) for name, s in shapes.items()}
    return save(with_initializers(parse_model(MLP), values), path)


def inputs(count: int = 12) -> Values:
    return np.random.default_rng(4).standard_normal((count, 6)).astype(np.float32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return mlp(tmp_path / "mlp.onnx")


def prepared(found: ActivationsFound, model: Path, **options: Any) -> Prepared:
    """The same measurement made ready once more: its patterns and its batches."""
    plan = found.record.plan
    request = ActivationsRequest(models=(model,), rates=tuple(plan.rates), **options)
    return Preparation(request, CPU, SILENT).next()


def outputs(proto: onnx.ModelProto, names: Sequence[str], feeds: dict[str, Values]) -> list[Values]:
    """Values of a graph, by a session that nothing optimizes."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    del copy.graph.output[:]
    for name in names:
        copy.graph.output.add(name=name)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(copy.SerializeToString(), options)
    return list(session.run(None, feeds))


def trials(one: Prepared, rate: float, count: int) -> Iterator[tuple[onnx.ModelProto, list[int]]]:
    """The faulty file of each trial, and the batches that meet it."""
    oracle = RewriteExecutor(one.model, one.source.space)
    ends = np.cumsum([batch.images for batch in one.batches])
    for index in range(count):
        batches, pattern = Cell(rate, 0).draw(one.source, ends, index)
        yield oracle.faulty_proto(pattern), list(batches)


def kept(one: Prepared, rate: float, count: int, names: Sequence[str]) -> list[list[Values]]:
    """By trial, the values of each activation: all of them."""
    found = []
    for proto, batches in trials(one, rate, count):
        runs = [outputs(proto, names, one.batches[b].feeds("x")) for b in batches]
        found.append(
            [np.concatenate([v.reshape(-1) for v in own]) for own in zip(*runs, strict=True)]
        )
    return found


def weighted(parts: Sequence[tuple[float, Values]], share: float) -> float:
    """A quantile of a mixture, from all numbers."""
    known = [(weight, values[~np.isnan(values)], values.size) for weight, values in parts]
    masses = [
        (float(v), Fraction(weight) / size) for weight, own, size in known for v in own.tolist()
    ]
    whole, total = sum((mass for _, mass in masses), Fraction(0)), Fraction(0)
    for value, mass in sorted(masses):
        total += mass
        if total >= Fraction(share) * whole:
            return value
    return math.nan


def close(one: float, other: float, relative: float = 1e-6) -> bool:
    """Equal up to how differently fused kernels may round."""
    if math.isnan(one) or math.isinf(one):
        return repr(one) == repr(other)
    return math.isclose(one, other, rel_tol=relative, abs_tol=1e-6)


def check(part: DistributionPart, parts: Sequence[tuple[float, Values]]) -> None:
    """A distribution beside all of its values."""
    every = np.concatenate([values for _, values in parts])
    assert part.numbers == every.size
    known = every[~np.isnan(every)]
    assert close(value_of(part.minimum), float(known.min()))
    assert close(value_of(part.maximum), float(known.max()))
    for name, share in (("first_quartile", 0.25), ("median", 0.5), ("third_quartile", 0.75)):
        exact = weighted(parts, share)
        assert close(value_of(getattr(part, name)), exact, 1.01 * RELATIVE_ERROR)
    weights = np.array([weight for weight, _ in parts])

    def share_of(test: Any) -> float:
        return float(weights @ [np.mean(test(v)) for _, v in parts] / weights.sum())

    assert part.nan == pytest.approx(share_of(np.isnan), abs=1e-12)
    assert part.infinite == pytest.approx(share_of(np.isinf), abs=1e-12)
    assert part.zeros == pytest.approx(share_of(lambda v: v == 0), abs=1e-12)
    finite = [(w * np.mean(np.isfinite(v)), v[np.isfinite(v)].astype(float)) for w, v in parts]
    total = sum(w for w, v in finite if v.size)
    mean = sum(w / total * float(np.mean(v)) for w, v in finite if v.size)
    assert close(value_of(part.mean), float(mean), 1e-5)


def measure(models: Any, **options: Any) -> ActivationsFound:
    given: dict[str, Any] = {"precision": 0.2, "batch": 4, **options}
    return analyzer.activations(models, **given)


def beyond_share(values: Values, site: ActivationPart, edge: float = 0.0) -> float:
    """The share of values beyond a threshold that is wider by a relative edge."""
    high = value_of(site.threshold.high)
    low = -math.inf if site.threshold.low is None else value_of(site.threshold.low)
    apart = edge * max(abs(high), 0.0 if math.isinf(low) else abs(low))
    return float(np.mean((values > high + apart) | (values < low - apart)))


def alone(found: ActivationsFound) -> ModelActivationsPart:
    (only,) = found.record.models
    return only


def test_without_faults_every_figure_is_that_of_all_values(model: Path) -> None:
    found = measure(model, data=inputs(), rates="none")
    part = alone(found)
    assert [site.value for site in part.sites] == ["r", "g"]
    exact = outputs(onnx.load(model), ["r", "g"], {"x": inputs()})
    for site, values in zip(part.sites, exact, strict=True):
        check(site.golden, [(1.0, values.reshape(-1))])
        assert site.threshold.origin == "maximum"
        assert close(value_of(site.threshold.high), float(values.max()))
        assert site.golden.beyond.estimate == site.golden.beyond.high == 0.0
    assert part.sites[0].threshold.low is None
    assert close(value_of(part.sites[1].threshold.low), float(exact[1].min()))
    assert part.rates == []


@pytest.mark.parametrize("encoding", ["stored", "q15.16"])
@pytest.mark.parametrize("exposure", ["transient", "resident"])
def test_under_faults_every_figure_is_that_of_all_values(
    model: Path, exposure: str, encoding: str
) -> None:
    """The patterns are those of the plan, run as edited files; every value is kept."""
    options: dict[str, Any] = {"exposure": exposure, "encoding": encoding}
    found = measure(model, data=inputs(), rates=[3e-3], **options)
    part, rate = alone(found), alone(found).rates[0]
    assert rate.patterns >= 64
    assert rate.failed == 0
    save_inputs = analyzer.jobs.sources.data_source(inputs())
    one = prepared(found, model, data=save_inputs, batch=4, precision=0.2, **options)
    trial_values = kept(one, 3e-3, rate.patterns, ["r", "g"])
    p_none = one.source.split(3e-3).p_none
    golden = [v.reshape(-1) for v in outputs(one.model.proto, ["r", "g"], {"x": inputs()})]
    if encoding == "stored":
        golden = [v.reshape(-1) for v in outputs(onnx.load(model), ["r", "g"], {"x": inputs()})]
    for place, site in enumerate(part.sites):
        own = [values[place] for values in trial_values]
        pooled = np.concatenate(own)
        reported = rate.sites[place]
        assert reported.numbers == pooled.size + golden[place].size
        check(reported, [(p_none, golden[place]), (1.0 - p_none, pooled)])
        # A value at the threshold itself may fall on either side: the sessions round otherwise.
        least, most = (
            (1.0 - p_none) * np.mean([beyond_share(v, site, edge) for v in own])
            for edge in (1e-5, -1e-5)
        )
        assert least <= reported.beyond.estimate <= most
        assert least > 0.0
        assert reported.beyond.low <= reported.beyond.estimate <= reported.beyond.high
    assert part.answers.differing == 0
    assert part.answers.faulty == 1


def test_patterns_without_upset_count_with_their_probability(model: Path) -> None:
    """At a low rate most of the mixture is the run without faults."""
    part = alone(measure(model, data=inputs(), rates=[1e-5]))
    rate = part.rates[0]
    assert 0.01 < rate.p_faulty < 0.1
    for site, found in zip(part.sites, rate.sites, strict=True):
        assert found.median == pytest.approx(site.golden.median, rel=2 * RELATIVE_ERROR)
        assert found.beyond.high <= rate.p_faulty


def images_of(data: Path) -> dict[str, Values]:
    """The images of `tiny_data` as `tiny_cnn` is fed them."""
    images = np.load(data)["images"]
    return {"image": images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)}


def hardened(model: Path, path: Path, method: str = "actmax", share: float = 1.0) -> Path:
    thresholds = path.with_suffix(".json")
    analyzer.harden(model, method, data=inputs(), out=path, save_thresholds=thresholds)
    if share != 1.0:  # a tighter bound, so that values are beyond it without faults, too
        content = json.loads(thresholds.read_text())
        for range_ in content["thresholds"].values():
            range_["high"] *= share
            range_["low"] = None if range_["low"] is None else share * range_["low"]
        thresholds.write_text(json.dumps(content))
        analyzer.harden(model, method, thresholds=thresholds, out=path)
    return path


def test_of_a_hardened_model_the_share_is_that_of_a_plain_count(
    model: Path, tmp_path: Path
) -> None:
    safe = hardened(model, tmp_path / "safe.onnx", share=0.6)
    part = alone(measure(safe, data=inputs(), rates=[1e-5]))
    proto = onnx.load(safe)
    where = [node for node in proto.graph.node if node.op_type == "Where"]
    names = [node.input[1] for node in where]
    exact = outputs(proto, names, {"x": inputs()})
    for site, node, values in zip(part.sites, where, exact, strict=True):
        assert site.value == node.output[0]
        assert site.threshold.origin == "bound"
        plain_count = beyond_share(values, site)
        assert site.golden.beyond.estimate == pytest.approx(plain_count, abs=1e-12)
        check(site.golden, [(1.0, values.reshape(-1))])
    # At a low rate nearly all patterns have no upset, and the share is that without faults.
    for site, found in zip(part.sites, part.rates[0].sites, strict=True):
        assert site.golden.beyond.estimate > 0.01
        assert found.beyond.estimate == pytest.approx(site.golden.beyond.estimate, rel=0.2)
        assert found.beyond.low > 0.0


def test_rows_that_fill_up_a_batch_are_not_counted(tmp_path: Path) -> None:
    """24 images in batches of 5: the last one has a row that is no image."""
    fixed = tiny_cnn(tmp_path / "fixed.onnx", batch=5)
    data = tiny_data(tmp_path / "data.npz")
    part = alone(measure(fixed, data=data, rates="none", batch=None))
    every = outputs(onnx.load(tiny_cnn(tmp_path / "any.onnx")), ["r"], images_of(data))
    check(part.sites[0].golden, [(1.0, every[0].reshape(-1))])
    assert part.images == 24


def test_ranger_and_relu6_are_bounds_of_the_graph(model: Path, tmp_path: Path) -> None:
    for method in ("ranger", "relu6"):
        safe = hardened(model, tmp_path / f"{method}.onnx", method)
        part = alone(measure(safe, data=inputs(), rates="none"))
        assert [site.threshold.origin for site in part.sites] == ["bound", "bound"], method
        if method == "relu6":
            assert part.sites[0].threshold.high == 6.0


def test_thresholds_of_a_file_serve_where_the_model_has_no_bounds(
    model: Path, tmp_path: Path
) -> None:
    safe = hardened(model, tmp_path / "safe.onnx", share=0.6)
    both = measure([model, safe], data=inputs(), rates=[1e-3], thresholds=safe.with_suffix(".json"))
    plain, bounded = both.record.models
    assert {site.threshold.origin for site in plain.sites} == {"file"}
    assert {site.threshold.origin for site in bounded.sites} == {"bound"}
    for one, other in zip(plain.sites, bounded.sites, strict=True):
        assert one.value == other.value
        assert value_of(one.threshold.high) == pytest.approx(value_of(other.threshold.high))
    assert bounded.paired
    assert not plain.paired
    # Before the first bound both models compute the same, and meet the same faults.
    assert plain.sites[0].golden == bounded.sites[0].golden


def test_a_file_of_another_model_is_refused(model: Path, tmp_path: Path) -> None:
    safe = hardened(model, tmp_path / "safe.onnx")
    other = tiny_cnn(tmp_path / "cnn.onnx")
    with pytest.raises(BadThresholds, match="another model"):
        measure(other, rates="none", thresholds=safe.with_suffix(".json"))
    with pytest.raises(FileMissing, match="thresholds"):
        measure(other, rates="none", thresholds=tmp_path / "none.json")


def test_a_quantized_model_gives_what_its_codes_stand_for(tmp_path: Path) -> None:
    cnn = tiny_cnn(tmp_path / "cnn.onnx")
    data = tiny_data(tmp_path / "cnn.npz")
    analyzer.quantize(cnn, data=data, out=tmp_path / "int8.onnx")
    part = alone(measure(tmp_path / "int8.onnx", data=data, rates=[1e-4], precision=0.1))
    (site,) = part.sites
    assert site.kind == "Relu in QuantizeLinear"
    proto = onnx.load(tmp_path / "int8.onnx")
    quantizer = next(
        n for n in proto.graph.node if n.op_type == "QuantizeLinear" and n.input[0] == site.value
    )
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in proto.graph.initializer}
    scale, zero = (stored[name] for name in quantizer.input[1:])
    (codes,) = outputs(proto, [quantizer.output[0]], images_of(data))
    exact = (codes.astype(np.float32) - np.float32(zero)) * scale
    check(site.golden, [(1.0, np.asarray(exact).reshape(-1))])
    assert part.answers.differing == 0


def test_the_hardened_quantized_model_has_its_bound_in_codes(tmp_path: Path) -> None:
    cnn = tiny_cnn(tmp_path / "cnn.onnx")
    data = tiny_data(tmp_path / "cnn.npz")
    analyzer.harden(cnn, "actmax", data=data, out=tmp_path / "safe.onnx")
    analyzer.quantize(tmp_path / "safe.onnx", data=data, out=tmp_path / "int8.onnx")
    floating = alone(measure(tmp_path / "safe.onnx", data=data, rates="none"))
    part = alone(measure(tmp_path / "int8.onnx", data=data, rates="none"))
    assert part.sites[0].threshold.origin == "bound"
    high = value_of(floating.sites[0].threshold.high)
    assert value_of(part.sites[0].threshold.high) == pytest.approx(high, rel=0.01)


def test_the_same_request_gives_the_same_figures(model: Path) -> None:
    first, second = (measure(model, data=inputs(), rates=[1e-3]) for _ in range(2))
    assert first.record.models == second.record.models


def test_a_spent_budget_leaves_what_there_is(model: Path) -> None:
    found = measure(model, data=inputs(), rates=[1e-3, 1e-2], budget=1e-3)
    assert not found.complete
    part = alone(found)
    assert (part.images, part.stop) == (4, "budget")
    assert [rate.stop for rate in part.rates] == ["budget", "budget"]
    assert found.to_text()
    assert found.to_html()
    assert found.rows()


class Interrupting(analyzer.Silent):
    """Sends Ctrl-C in the middle of the first rate."""

    def progress(self, rate: float, trials: int, share: float, found: object) -> None:
        if trials == 5 and share < 1.0:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_leaves_what_there_is(model: Path) -> None:
    found = measure(model, data=inputs(), rates=[1e-3, 1e-2], observer=Interrupting())
    assert not found.complete
    first, second = alone(found).rates
    assert (first.stop, first.patterns) == ("interrupted", 5)
    assert (second.stop, second.patterns, second.sites) == ("interrupted", 0, [])
    assert first.sites[0].numbers > alone(found).sites[0].golden.numbers
    assert "interrupted" in found.to_text()


def test_a_model_without_activations_is_refused(tmp_path: Path) -> None:
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> m (float[N, 2] x) => (float[N, 2] y) '
        "{ y = MatMul (x, w) }"
    )
    proto = with_initializers(parse_model(text), {"w": np.eye(2, dtype=np.float32)})
    with pytest.raises(NothingToBound, match="no activation"):
        measure(save(proto, tmp_path / "m.onnx"), rates="none")


def test_no_models_and_bad_keywords_are_refused(model: Path) -> None:
    with pytest.raises(BadOption, match="one model or more"):
        measure([], rates="none")
    with pytest.raises(BadOption, match="no keyword 'rate'"):
        measure(model, rate=1e-6)


def test_the_report_obeys_its_schema_and_is_read_back(model: Path) -> None:
    found = measure(model, data=inputs(), rates=[3e-3])
    schema = json.loads((ROOT / "docs" / "activations.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(found.to_json()), schema)
    assert ActivationsReport.model_validate_json(found.to_json()) == found.record
    rows = found.rows()
    assert len(rows) == 2 * 2
    assert {row["rate"] for row in rows} == {0.0, 3e-3}
    assert found.to("csv").count("\n") == len(rows) + 1
