"""Target files: what is shipped can be read, and everything else is refused in a sentence."""

from pathlib import Path

import pytest

from analyzer.errors import BadTarget
from analyzer.faults.elements import FLOAT32, StoredCodec
from analyzer.faults.space import Kind, TensorSite
from analyzer.targets.read import read_target, regions_of, shipped_targets
from analyzer.targets.target import target_schema
from tests.support import ROOT

BODY = """
name = "t"
[use]
inferences_per_hour = 10.0
mission_hours = 100.0
"""
REGION = """
[[region]]
name = "a"
raw_fit_per_mbit = 20.0
source = "s"
standing = "seen"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "t.toml"
    path.write_text(text)
    return path


UNPUBLISHED = {"lpddr5"}
"""Targets of memories whose absolute rate nobody has published."""


@pytest.mark.parametrize("name", shipped_targets())
def test_shipped_targets_name_the_source_of_every_rate(name: str) -> None:
    target = read_target(shipped_targets()[name])
    assert target.name == name
    assert target.about
    assert (target.environment.flux_factor == 1.0) or target.environment.source
    for region in target.region:
        assert (region.raw_fit_per_mbit is None) == (name in UNPUBLISHED)
        if name not in UNPUBLISHED:
            assert region.source
            assert region.standing in ("seen", "second-hand", "assumed")


def test_rates_of_shipped_targets_follow_from_what_their_sources_say() -> None:
    """Worked out anew: per bit and day, per bit, per part."""
    rates = {name: read_target(path).region[0] for name, path in shipped_targets().items()}
    known = {
        "leo-sram": 4.04e-7 / 24 * 1e15,
        "geo-bram-16nm": 5.29e-9 / 24 * 1e15,
        "gpu-sram-12nm": 1.8e-6 * 1e6,
        "dram-modern": 1e-8 * 1e6,
        "mcu-sram": 2699 / (384 * 1024 * 8 / 1e6),
        "mpsoc-16nm-cache": 1.5e-15 * 13 * 1e15,
    }
    for name, rate in known.items():
        assert rates[name].raw_fit_per_mbit == pytest.approx(rate, rel=0.03)


def test_the_published_schema_is_the_present_one() -> None:
    assert (ROOT / "docs" / "target.schema.json").read_text("utf-8") == target_schema()


def test_windows_follow_from_the_refresh(tmp_path: Path) -> None:
    for refresh, hours in (
        ('"never"', 100.0),
        ('"inference"', 0.1),
        ('"scrub"\nrefresh_hours = 2.0', 2.0),
        ('"start"\nrefresh_hours = 8.0', 8.0),
    ):
        target = read_target(write(tmp_path, f"{BODY}{REGION}refresh = {refresh}\n"))
        assert target.window_hours(target.region[0]) == hours


REFUSED = {
    "x = [": "is no TOML",
    BODY: "region: Field required",
    f"{BODY}{REGION}colour = 1": r"region\.0\.colour: there is no such field",
    f"{BODY}{REGION}{REGION}": "two regions are called 'a'",
    f'{BODY}[[region]]\nname = "a"\n[budget]\nsdc_fit = 1.0': "'a' has no raw_fit_per_mbit",
    f'{BODY}[[region]]\nname = "a"\nraw_fit_per_mbit = 1.0': "needs its source and standing",
    f'{BODY}{REGION}events = "mix:seu=0.5,mbu2=0.4"': r"the shares sum to 0\.9, not to 1",
    f'{BODY}{REGION}protection = "secdec"': "there is no scheme 'secdec'",
    f'{BODY}{REGION}refresh = "scrub"': 'refresh = "scrub" needs refresh_hours',
    f"{BODY}{REGION}refresh_hours = 1.0": "takes no refresh_hours",
    f"{BODY}{REGION.replace('20.0', '-1.0')}": "greater than or equal to 0",
    f"{BODY}{REGION.replace('20.0', 'inf')}": "finite number",
    f'{BODY}[[region]]\nname = "a"\n[budget]\nmetric_mean = 0.9': "'a' has no raw_fit_per_mbit",
    f"{BODY}{REGION}[budget]\nmetric_mean = 1.5": "less than or equal to 1",
    f'{BODY}{REGION}[requirements]\nsdc_fit = "SR-1"': "requirements.sdc_fit belongs to no bound",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_target(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadTarget, match=REFUSED[text]):
        read_target(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadTarget, match="there is no target file"):
        read_target(tmp_path / "none.toml")


def test_every_tensor_lies_in_one_region(tmp_path: Path) -> None:
    sites = [
        TensorSite(name, Kind.WEIGHT, (1,), StoredCodec(FLOAT32), "float32") for name in ("u", "v")
    ]
    second = REGION.replace('"a"', '"b"')

    def found(first: str, other: str = "") -> list[str]:
        text = f"{BODY}{REGION}tensors = {first}\n"
        text += f"{second}tensors = {other}\n" if other else ""
        return [region.name for region in regions_of(read_target(write(tmp_path, text)), sites)]

    assert found('["*"]') == ["a", "a"]
    assert found('["u"]', '["v"]') == ["a", "b"]
    with pytest.raises(BadTarget, match="'u' lies in the regions 'a' and 'b'"):
        found('["*"]', '["u"]')
    with pytest.raises(BadTarget, match="'v' lies in no region"):
        found('["u"]')
    with pytest.raises(BadTarget, match="'w' of the region 'b' of the target 't' matches none"):
        found('["*"]', '["w"]')
    biases = REGION.replace('"a"', '"b"') + 'kinds = ["bias"]\n'
    target = read_target(write(tmp_path, f"{BODY}{REGION}tensors = ['*']\n{biases}"))
    with pytest.raises(BadTarget, match="the region 'b' of the target 't' holds none of the 2"):
        regions_of(target, sites)


def test_names_with_brackets_mean_themselves(tmp_path: Path) -> None:
    """A glob would read ``[0]`` as a set of characters."""
    site = TensorSite("layers[0]/w", Kind.WEIGHT, (1,), StoredCodec(FLOAT32), "float32")
    target = read_target(write(tmp_path, f"{BODY}{REGION}tensors = ['layers[0]/w']\n"))
    assert [region.name for region in regions_of(target, [site])] == ["a"]


def test_a_name_that_is_spelled_means_no_other(tmp_path: Path) -> None:
    """As for --include: ``w[0]`` is a name here, and no glob that takes ``w0`` as well."""
    sites = [
        TensorSite(name, Kind.WEIGHT, (1,), StoredCodec(FLOAT32), "float32")
        for name in ("w[0]", "w0")
    ]
    other = REGION.replace('"a"', '"b"')
    text = f"{BODY}{REGION}tensors = ['w[0]']\n{other}tensors = ['w0']\n"
    target = read_target(write(tmp_path, text))
    assert [region.name for region in regions_of(target, sites)] == ["a", "b"]
