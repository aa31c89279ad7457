"""A run that is killed at random instants and resumed writes the report of an undisturbed one.

`make soak` does it 100 times on the demonstration model. It fails if `Journal.known` believes what
no digest proves, if `RateState` counts beyond a gap, or if a commit is not one transaction.
"""

from pathlib import Path

import pytest

from benchmarks.soak import Soak
from tests.support import tiny_cnn, tiny_data


@pytest.mark.parametrize(("jobs", "kills"), [("0", 5), ("2", 5)])
def test_ten_kills(jobs: str, kills: int, tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "tiny.onnx"), tiny_data(tmp_path / "tiny.npz")
    options = ("--rates", "1e-3,1e-2", "--precision", "0.02", "--batch", "8", "--jobs", jobs)
    command = ("run", str(model), "--data", str(data), *options)
    told: list[str] = []
    for seed in range(4):  # on a busy machine all kills of one round may come before any block
        place = tmp_path / str(seed)
        place.mkdir()
        counts = Soak(place, command).run(kills, seed=seed, tell=told.append)
        assert counts.different == [], told
        assert counts.kills == kills
        if any(counts.blocks):
            return
    pytest.fail(f"no kill came after a block was kept: {told}")
