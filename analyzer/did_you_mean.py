"""The name that somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, offered: Iterable[str]) -> str | None:
    """The offered name most like ``name``; None if none is like it.

    Case, dashes, dots and underscores do not count.

    >>> nearest("ResNet-50", ["resnet18", "resnet50", "vgg13_bn"])
    'resnet50'
    >>> nearest("layer1.0.conv1.weigth", ["layer1.0.conv1.weight", "layer1.0.conv2.weight"])
    'layer1.0.conv1.weight'
    >>> nearest("transformer", ["conv1.bias"])
    """
    plain: dict[str, str] = {}
    for other in offered:
        plain.setdefault(_plain(other), other)
    found = difflib.get_close_matches(_plain(name), plain, n=1)
    return plain[found[0]] if found else None


def meant(name: str, offered: Iterable[str]) -> str:
    """A half-sentence to put behind ``name``, or nothing.

    >>> meant("resnet5O", ["resnet50"])
    ' (did you mean resnet50?)'
    """
    found = nearest(name, offered)
    return f" (did you mean {found}?)" if found else ""


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c not in "-_.")
