"""A tree of results whose laws are known: what the findings should find."""

import itertools
import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RATES = (1e-8, 3.2e-8, 1e-7, 3.2e-7, 1e-6, 3.2e-6, 1e-5, 3.2e-5, 1e-4)
FIXED = (*RATES[:7], 3e-5)
INT8 = (*RATES[2:], 3.2e-4, 1e-3)
BITS = 2_000_000

SWEPT = ("float", "relu6", "ranger", "actmax", "clipact")
QUANTIZED = ("float", "actmax", "ptq", "actmax_ptq", "qat")

LIVES: dict[str, float] = {
    "float": 2e-5,
    "relu6": 6e-5,
    "ranger": 6e-5,
    "actmax": 3e-4,
    "clipact": 4e-4,
    "ptq": 5e-4,
    "actmax_ptq": 9e-4,
    "qat": 6e-4,
}
"""r0 of each form, k = 1."""


def part(estimate: float, half: float = 0.004) -> dict[str, float]:
    return {"estimate": estimate, "low": estimate - half, "high": estimate + half}


def model(
    form: str, rates: Sequence[float], life: float, golden: float = 0.7, half: float = 0.004
) -> dict[str, Any]:
    """One model of a comparison whose accuracy is golden * exp(-rate / life)."""
    values = [golden * math.exp(-rate / life) for rate in rates]
    steps = [math.log(b / a) for a, b in itertools.pairwise(rates)]
    middles = [(a + b) / 2 for a, b in itertools.pairwise(values)]
    area = sum(m * s for m, s in zip(middles, steps, strict=True)) / sum(steps)
    rows = [
        {"rate": r, "metric": part(v, half), "due": part(0.01), "difference": None}
        for r, v in zip(rates, values, strict=True)
    ]
    int8 = form.endswith("ptq") or form == "qat"
    return {
        "model": {
            "path": f"{form}.onnx",
            "bits_at_risk": BITS // 4 if int8 else BITS,
            "parameters": BITS // 32,
        },
        "golden": golden,
        "file_bytes": 280_000,
        "rates": rows,
        "area": part(area),
        "area_difference": None,
    }


def comparison(models: Sequence[Mapping[str, Any]], metric: str = "top1") -> dict[str, Any]:
    return {"metric": metric, "models": list(models)}


def put(folder: Path, name: str, content: object) -> None:
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


def sweeps(
    folder: Path,
    kind: str,
    forms: Sequence[str],
    rates: Sequence[float],
    names: Sequence[str],
    factors: Mapping[str, float] | None = None,
    scatter: float = 0.02,
) -> None:
    """Comparisons of several networks from three trainings.

    Args:
        folder: of the results.
        kind: of the stage.
        forms: of each network.
        rates: of the sweep.
        names: of the networks.
        factors: of the lives of some networks.
        scatter: standard deviation of the logarithm of a training's life.
    """
    for name in names:
        for seed in (1, 2, 3):
            luck = random.Random(f"{kind}{name}{seed}")
            models = []
            for form in forms:
                life = LIVES[form] * (factors or {}).get(name, 1.0)
                life *= luck.lognormvariate(0, scatter) * (0.1 if kind == "q15.16" else 1.0)
                models.append(model(form, rates, life, 0.7 + luck.uniform(-0.01, 0.01)))
            put(folder, f"{kind}/{name}-{seed}", comparison(models))
