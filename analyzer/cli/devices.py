"""``--device``: picked once per command, and said."""

from functools import cache

from analyzer.cli.output import tell
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.cli.process.isolation import lift_address_limit
from analyzer.jobs.settings import AnySettings
from analyzer.runtime.ort.device import CPU, Device, WeightLocation
from analyzer.runtime.ort.device_selection import DeviceSelection, select_device


@cache
def _picked(word: str) -> DeviceSelection:
    HEARTBEAT.renew()  # a driver may take long to start
    return select_device(word, lift_address_limit)


def device_of(word: str) -> Device:
    """The device that ``--device`` names, started.

    Raises:
        BadOption: it means no device.
        DeviceUnavailable: it is not there, or does not start.
    """
    return _picked(word).device


def said(word: str) -> str:
    """What ``--device`` led to, in a line."""
    picked = _picked(word)
    why = f": {picked.why}" if picked.why else ""
    device = picked.device
    how = (
        "" if device.weights is WeightLocation.SHARED else f"; faults are written {device.weights}"
    )
    return f"device: {device.shown}, {device.provider}{why}{how}"


def on_device(settings: AnySettings) -> AnySettings:
    """``settings`` with a device that is there in place of ``auto``; what it is is said.

    One process uses a card as well as several: ``--jobs`` is 1 there if nobody says otherwise.

    Raises:
        BadOption: ``--device`` means none.
        DeviceUnavailable: it is not there, or does not start.
    """
    device = device_of(settings.device)
    if settings.device != CPU.name:
        tell(said(settings.device))
    found: dict[str, object] = {"device": device.name}
    if settings.jobs is None and not device.on_cpu:
        found["jobs"] = 1
    same = all(getattr(settings, key) == value for key, value in found.items())
    return settings if same else settings.model_copy(update=found)
