"""Names of a checkpoint against names of a network, on plain dictionaries."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadCheckpoint
from exporters.torch.checkpoint import NESTED, PREFIXES, describe, find_misfits, unwrap

NAMES = st.lists(st.text("abc.", min_size=1, max_size=8), min_size=1, unique=True)

NETWORK = {"conv.weight": (4, 3, 3, 3), "bn.num_batches_tracked": (), "fc.weight": (10, 4)}


@given(NAMES, st.sampled_from(["", *NESTED]), st.sampled_from(["", *PREFIXES]))
def test_containers_and_wrappers_are_taken_off(names: list[str], key: str, prefix: str) -> None:
    weights = {f"{prefix}{name}": index for index, name in enumerate(names)}
    found = unwrap({"epoch": 7, key: weights} if key else weights)
    assert found == {name: index for index, name in enumerate(names)}


def test_a_prefix_of_some_names_only_is_part_of_them() -> None:
    weights = {"module.a": 1, "b": 2}
    assert unwrap(weights) == weights


@pytest.mark.parametrize("found", [[1, 2], 5, None, {3: "weights"}])
def test_what_holds_no_names(found: object) -> None:
    with pytest.raises(BadCheckpoint, match=r"save network.state_dict\(\)"):
        unwrap(found)


def test_a_checkpoint_that_fits_has_no_misfits() -> None:
    assert not find_misfits(NETWORK, NETWORK)
    without_counter = {n: s for n, s in NETWORK.items() if "tracked" not in n}
    assert not find_misfits(NETWORK, without_counter)


def test_every_misfit_is_named() -> None:
    found = {"conv.wieght": (4, 3, 3, 3), "fc.weight": (7, 4), "extra": (1,)}
    misfits = find_misfits(NETWORK, found)
    assert misfits.missing == ("conv.weight",)
    assert misfits.unexpected == ("conv.wieght", "extra")
    assert misfits.shapes == ("fc.weight",)
    assert describe(misfits, NETWORK, found) == (
        "1 missing: conv.weight (nearest in the file: conv.wieght); "
        "2 unexpected: conv.wieght, extra; "
        "1 of another shape: fc.weight is (7, 4), not (10, 4)"
    )


def test_a_message_does_not_grow_with_the_network() -> None:
    wanted = {f"layer{index}.weight": (3,) for index in range(500)}
    found = {f"block{index}.weight": (3,) for index in range(500)}
    text = describe(find_misfits(wanted, found), wanted, found)
    assert len(text) < 500
    assert text.startswith("500 missing: layer0.weight")


class Harmful:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("loaded",)


def test_loading_a_checkpoint_runs_no_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch = pytest.importorskip("torch")
    from exporters.torch.checkpoint import load_weights

    path = tmp_path / "harmful.pth"
    torch.save({"state_dict": Harmful()}, path)
    with pytest.raises(BadCheckpoint, match="would run code"):
        load_weights(torch.nn.Linear(2, 2), path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no checkpoint", bytes(1000)])
def test_a_damaged_checkpoint(tmp_path: Path, content: bytes) -> None:
    torch = pytest.importorskip("torch")
    from exporters.torch.checkpoint import load_weights

    path = tmp_path / "damaged.pth"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="cannot be loaded"):
        load_weights(torch.nn.Linear(2, 2), path)


def test_weights_arrive(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from exporters.torch.checkpoint import load_weights

    path = tmp_path / "good.pth"
    trained, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    weights = {f"module.{name}": value for name, value in trained.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": {**weights, "module.aux1.weight": torch.ones(1)}}, path)
    with pytest.raises(BadCheckpoint, match=r"1 unexpected: aux1.weight"):
        load_weights(other, path)
    load_weights(other, path, ("aux1.",))
    assert all(
        torch.equal(a, b) for a, b in zip(trained.parameters(), other.parameters(), strict=True)
    )
