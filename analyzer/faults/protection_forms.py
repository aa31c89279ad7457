"""The forms in which flags write protections. Loads no numpy: help texts are made from it."""

FORMS = {
    "none": "none",
    "parity": "parity[:N]",
    "secded": "secded[:N]",
    "tmr": "tmr",
    "crc": "crc[:N]",
    "mset": "mset",
    "cep": "cep[:N]",
}
"""Every scheme by name; a test holds it together with `analyzer.faults.protections`."""


def offered_protections() -> str:
    """The schemes as one help text.

    >>> offered_protections()
    'none, parity[:N], secded[:N], tmr, crc[:N], mset or cep[:N]'
    """
    *most, last = FORMS.values()
    return f"{', '.join(most)} or {last}"
