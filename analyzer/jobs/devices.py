"""The device that a job runs on: picked and started once, and told."""

from dataclasses import replace
from typing import TypeVar

from analyzer.jobs.observer import Observer
from analyzer.jobs.requests.base import SpaceRequest
from analyzer.jobs.requests.campaigns import CampaignRequest
from analyzer.runtime.ort.device import CPU, Device, WeightLocation
from analyzer.runtime.ort.device_selection import DeviceSelection, select_device

AnySpaceRequest = TypeVar("AnySpaceRequest", bound=SpaceRequest)


def start_device(word: str, observer: Observer, precise_int8: bool = False) -> Device:
    """The device that a word means, started; the user is told of any but the plain CPU.

    Args:
        word: as users write it, e.g. ``cpu``, ``cuda:1`` or ``auto``.
        observer: gets a sign of life and the message.
        precise_int8: on a CPU, add up products of 8-bit integers exactly.

    Raises:
        BadOption: the word means no device.
        DeviceUnavailable: the device is not there, or does not start.
    """
    observer.alive()  # a driver may take long to start
    picked = select_device(word, observer.before_device)
    if word != CPU.name:
        observer.message(describe_device(picked))
    return replace(picked.device, precise_int8=precise_int8 and picked.device.on_cpu)


def describe_device(picked: DeviceSelection) -> str:
    """One line about a device: its name, why it was picked, where faults are written."""
    why = f": {picked.why}" if picked.why else ""
    device = picked.device
    how = (
        "" if device.weights is WeightLocation.SHARED else f"; faults are written {device.weights}"
    )
    return f"device: {device.shown}, {device.provider}{why}{how}"


def on_device(request: AnySpaceRequest, device: Device) -> AnySpaceRequest:
    """The request with the name of the device that was found, in place of ``auto``.

    One process uses a card as well as several do: where nobody says how many, there is one.

    Args:
        request: as it was asked.
        device: that was found.
    """
    found: dict[str, object] = {"device": device.name}
    if isinstance(request, CampaignRequest) and request.jobs is None and not device.on_cpu:
        found["jobs"] = 1
    same = all(getattr(request, key) == value for key, value in found.items())
    return request if same else request.model_copy(update=found)
