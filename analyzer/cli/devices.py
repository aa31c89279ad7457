"""``--device``: picked once per command, and said."""

from functools import cache

from analyzer.campaign.isolation import lift_address_limit
from analyzer.cli.output import tell
from analyzer.cli.patience import PATIENCE
from analyzer.cli.settings import Settings
from analyzer.runtime.devices import CPU, Device, Weights
from analyzer.runtime.picking import pick_device


@cache
def device_of(word: str) -> Device:
    """The device that ``--device`` names, started; unless it is the plain CPU, what it is is said.

    Raises:
        BadOption: it means no device.
        DeviceUnavailable: it is not there, or does not start.
    """
    if word == CPU.name:
        return CPU
    PATIENCE.renew()  # a driver may take long to start
    picked = pick_device(word, lift_address_limit)
    device = picked.device
    why = f": {picked.why}" if picked.why else ""
    how = f"; faults are written {device.weights}" if device.weights is not Weights.BORROWED else ""
    tell(f"device: {device.shown}, {device.provider}{why}{how}")
    return device


def on_device(settings: Settings) -> Settings:
    """``settings`` with a device that is there in place of ``auto``.

    One process uses a card as well as several: ``--jobs`` is 1 there if nobody says otherwise.

    Raises:
        BadOption: ``--device`` means none.
        DeviceUnavailable: it is not there, or does not start.
    """
    device = device_of(settings.device)
    found: dict[str, object] = {"device": device.name}
    if settings.jobs is None and not device.on_cpu:
        found["jobs"] = 1
    same = all(getattr(settings, key) == value for key, value in found.items())
    return settings if same else settings.model_copy(update=found)
