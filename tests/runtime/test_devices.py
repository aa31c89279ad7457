"""What a word means, what sessions are given, and what is said where a device is not there."""

from dataclasses import replace
from typing import Any

import onnx
import onnxruntime as ort
import pytest

from analyzer.errors import BadOption, DeviceUnavailable
from analyzer.runtime.ort import session
from analyzer.runtime.ort.device import (
    CPU,
    CPU_PROVIDER,
    CUDA_PROVIDER,
    NAMED,
    TENSORRT_PROVIDER,
    Device,
    WeightLocation,
    check_provider,
    find_device,
)
from analyzer.runtime.ort.device_selection import (
    OrtProviders,
    card_name,
    select_device,
    start_device,
)
from tests.support import parse_model

KNOWN = ort.get_all_providers()


@pytest.mark.parametrize("name", NAMED)
def test_names_mean_themselves(name: str) -> None:
    assert find_device(name, KNOWN) == NAMED[name]


def test_a_number_means_a_card() -> None:
    second = find_device("cuda:1", KNOWN)
    assert (second.name, second.index, second.memory) == ("cuda:1", 1, "cuda")
    assert dict(second.providers)[CUDA_PROVIDER]["device_id"] == "1"
    assert dict(find_device("tensorrt:2", KNOWN).providers)[TENSORRT_PROVIDER]["device_id"] == "2"


@pytest.mark.parametrize("provider", sorted(set(KNOWN) - {CPU_PROVIDER, CUDA_PROVIDER}))
def test_other_providers_are_mutated_in_the_file(provider: str) -> None:
    """Fails if a provider that may keep its own copy of a weight counts as mutable in place."""
    word = provider.removesuffix("ExecutionProvider").lower()
    if word == "azure":
        with pytest.raises(BadOption):
            find_device(word, KNOWN)
        return
    found = find_device(word, KNOWN)
    assert (found.provider, found.weights) == (provider, WeightLocation.FILE)
    assert [name for name, _ in found.providers][-1] == CPU_PROVIDER


def test_tensorrt_leaves_to_cuda_what_it_does_not_run() -> None:
    names = [name for name, _ in find_device("tensorrt", KNOWN).providers]
    assert names == [TENSORRT_PROVIDER, CUDA_PROVIDER, CPU_PROVIDER]


def test_the_cpu_is_given_nothing_but_itself() -> None:
    assert CPU.providers == [(CPU_PROVIDER, {})]


def test_cuda_computes_alike_every_time() -> None:
    """A timed search, or products with fewer bits, would be another arithmetic."""
    options = dict(NAMED["cuda"].providers)[CUDA_PROVIDER]
    assert options["use_tf32"] == "0"
    assert options["cudnn_conv_algo_search"] != "EXHAUSTIVE"
    assert session.session_options(device=NAMED["cuda"]).use_deterministic_compute
    assert not session.session_options().use_deterministic_compute


@pytest.mark.parametrize("word", ["", "toaster", "cuda:", "cuda:-1", "cuda:1:2", "CUDA", "cuda 1"])
def test_words_without_meaning_are_refused(word: str) -> None:
    with pytest.raises(BadOption, match="use auto, cpu, cuda, cuda:1 or another provider"):
        find_device(word, KNOWN)


@pytest.mark.parametrize("word", ["cpu:0", "cpu:1", "cpu-bound:2"])
def test_the_cpu_has_no_number(word: str) -> None:
    if word == "cpu:0":
        assert find_device(word, KNOWN) == CPU
        return
    with pytest.raises(BadOption, match="there is one cpu"):
        find_device(word, KNOWN)


@pytest.mark.parametrize("word", ["cuda", "tensorrt"])
def test_a_missing_provider_is_a_sentence_that_names_the_extra(word: str) -> None:
    with pytest.raises(DeviceUnavailable, match=r"extra gpu: pip install 'relcheck-onnx\[gpu\]'"):
        check_provider(find_device(word, KNOWN), [CPU_PROVIDER], "1.2.3")


def test_of_other_providers_no_extra_is_named() -> None:
    with pytest.raises(DeviceUnavailable, match="needs DnnlExecutionProvider") as raised:
        check_provider(find_device("dnnl", KNOWN), [CPU_PROVIDER], "1.2.3")
    assert "extra" not in str(raised.value)


def fallen(proto: onnx.ModelProto, options: Any, device: Device) -> ort.InferenceSession:
    """A session that ONNX Runtime gave to the CPU instead."""
    return session.started_on(session.new_session(proto, options), device)


CUDA_IN_NAME_ONLY = OrtProviders(
    available=lambda: [CUDA_PROVIDER, CPU_PROVIDER], open_session=fallen
)
"""As `onnxruntime-gpu` is on a machine without a driver: listed, and not to be started."""


def test_nothing_runs_elsewhere_in_silence() -> None:
    """Fails without the look at `get_providers`: ONNX Runtime goes on with the CPU."""
    head = '<ir_version: 8, opset_import: ["": 13]>'
    proto = parse_model(head + " g (float[1] x) => (float[1] y) { y = Abs(x) }")
    with pytest.raises(DeviceUnavailable, match="cannot start it here"):
        fallen(proto, session.session_options(), NAMED["cuda"])
    assert session.new_session(proto, session.session_options())


def test_auto_takes_the_cpu_where_cuda_does_not_start() -> None:
    picked = select_device("auto", providers=CUDA_IN_NAME_ONLY)
    assert picked.device == CPU
    assert "CUDA does not start" in picked.why


def test_auto_takes_the_cpu_where_cuda_is_not() -> None:
    picked = select_device("auto", never, OrtProviders(available=lambda: [CPU_PROVIDER]))
    assert picked.device == CPU
    assert picked.why.endswith("has no CUDAExecutionProvider here")


def test_auto_takes_cuda_where_it_starts() -> None:
    def started(proto: onnx.ModelProto, options: Any, _: Device) -> ort.InferenceSession:
        return session.new_session(proto, options)

    there = OrtProviders(available=lambda: [CUDA_PROVIDER], open_session=started)
    assert replace(select_device("auto", providers=there).device, card="") == NAMED["cuda"]


def never() -> None:
    raise AssertionError("nothing but the CPU is started")


def test_what_must_come_before_a_device_comes_before() -> None:
    assert start_device(CPU, never) is CPU


def test_the_way_is_prepared_before_a_device_is_started() -> None:
    called: list[str] = []
    with pytest.raises(DeviceUnavailable):
        start_device(NAMED["cuda"], lambda: called.append("prepared"), CUDA_IN_NAME_ONLY)
    assert called == ["prepared"]


def test_an_error_while_starting_is_a_sentence() -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("CUDA failure 35: driver version is insufficient")

    with pytest.raises(DeviceUnavailable, match="does not start: CUDA failure 35"):
        start_device(
            NAMED["cuda"],
            providers=OrtProviders(available=lambda: [CUDA_PROVIDER], open_session=broken),
        )


class Driver:
    """CUDA's driver library, with one card."""

    cuInit = staticmethod(lambda _: 0)  # noqa: N815
    cuDeviceGet = staticmethod(lambda _, index: 0 if index == 0 else 101)  # noqa: N815

    @staticmethod
    def cuDeviceGetName(buffer: Any, _length: int, _card: object) -> int:  # noqa: N802
        """Write the card's name."""
        buffer.value = b"NVIDIA Card"
        return 0


def test_the_card_says_its_name() -> None:
    names = [card_name(index, lambda _: Driver) for index in (0, 1)]
    assert names == ["NVIDIA Card", ""]
    shown = Device("cuda", CUDA_PROVIDER, WeightLocation.BOUND, "cuda", card=names[0]).shown
    assert shown == "cuda (NVIDIA Card)"


def test_without_a_driver_there_is_no_name() -> None:
    def missing(_: str) -> None:
        raise OSError("libcuda.so.1: cannot open shared object file")

    assert card_name(0, missing) == ""


@pytest.mark.gpu
def test_a_gpu_runs_and_says_its_name() -> None:
    device = select_device("cuda").device
    assert device.card
