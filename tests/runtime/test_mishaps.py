"""A device that gives out is told apart from a model that a fault made fail."""

import pickle

import pytest

from analyzer.answers import Answer, Failure
from analyzer.errors import DeviceFailed, NotRestored, UnsupportedModel
from analyzer.runtime.ort.device import CPU, NAMED
from analyzer.runtime.ort.device_failures import (
    check_device,
    device_failure,
    on_device,
    raising_device_failures,
)
from analyzer.runtime.ort.session import loading

CUDA = NAMED["cuda"]
EXHAUSTED = (
    "Failed to allocate memory for requested buffer of size 4294967296",
    "CUDA failure 2: out of memory ; GPU=0 ; hostname=h ; expr=cudaMalloc((void**)&p, size);",
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
)
LOST = (
    "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=h",
    "CUDA failure 719: unspecified launch failure ; GPU=0",
    "CUDA error cudaErrorIllegalAddress:an illegal memory access was encountered",
)
OF_THE_MODEL = (
    "Non-zero status code returned while running Gather node. indices element out of data bounds",
    "Invalid dimension of 700 for SizeFromDimension",
)


@pytest.mark.parametrize("message", EXHAUSTED)
def test_no_memory_is_not_an_outcome(message: str) -> None:
    with pytest.raises(DeviceFailed, match="use a smaller --batch") as raised:
        check_device(Failure(message), CUDA)
    assert not raised.value.lost


@pytest.mark.parametrize("message", LOST)
def test_a_lost_device_is_not_an_outcome(message: str) -> None:
    with pytest.raises(DeviceFailed, match="must be started anew") as raised:
        check_device(Failure(message), CUDA)
    assert raised.value.lost
    assert pickle.loads(pickle.dumps(raised.value)).lost


@pytest.mark.parametrize("message", OF_THE_MODEL)
def test_what_a_fault_did_to_the_model_is_an_outcome(message: str) -> None:
    failure = Failure(message)
    assert check_device(failure, CUDA) is failure


@pytest.mark.parametrize("message", [*EXHAUSTED, *LOST, *OF_THE_MODEL])
def test_on_the_cpu_every_failure_is_an_outcome(message: str) -> None:
    """There a fault may ask for any amount of memory, and the process lives on."""
    assert device_failure(message, CPU) is None


def test_answers_pass() -> None:
    answer = Answer(())
    assert check_device(answer, CUDA) is answer


def test_defects_pass_where_they_may_be() -> None:
    with pytest.raises(DeviceFailed, match="use a smaller --batch"), raising_device_failures(CUDA):
        raise RuntimeError(EXHAUSTED[0])
    with pytest.raises(KeyError), raising_device_failures(CUDA):
        raise KeyError("a defect")
    with pytest.raises(NotRestored), raising_device_failures(CUDA):
        raise NotRestored("this is our own")


def test_want_of_memory_while_loading_is_not_the_model_s_fault() -> None:
    """Fails if `loading` takes our own errors for those of ONNX Runtime."""
    with (
        pytest.raises(DeviceFailed, match="use a smaller --batch"),
        loading(),
        raising_device_failures(CUDA),
    ):
        raise RuntimeError(EXHAUSTED[0])
    with (
        pytest.raises(UnsupportedModel, match="cannot load"),
        loading(),
        raising_device_failures(CUDA),
    ):
        raise RuntimeError(OF_THE_MODEL[0])


def test_what_goes_wrong_without_a_model_is_the_device_s_doing() -> None:
    with pytest.raises(DeviceFailed, match="cuda failed: something else"), on_device(CUDA):
        raise RuntimeError("something else")
    with pytest.raises(DeviceFailed) as raised, on_device(CUDA):
        raise RuntimeError("CUDA Provider not available, can't get interface for it")
    assert raised.value.lost
    with pytest.raises(DeviceFailed) as raised, on_device(CUDA):
        raise TypeError("bind_output(): incompatible function arguments")
    assert not raised.value.lost
    with pytest.raises(NotRestored), on_device(CUDA):
        raise NotRestored("this is our own")
