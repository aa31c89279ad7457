"""Settings of a member of a family, as ``NAME:field=value,field=value`` gives them."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from analyzer.errors import BadOption


def given_fields(
    option: str, text: str, member: type[Any], settings: str, hidden: Iterable[str] = ()
) -> dict[str, Any]:
    """Fields of a dataclass that a text sets, as the fields hold them.

    Args:
        option: that the text was given for, for messages, like ``--task``.
        text: all of it, for messages.
        member: a dataclass with a ``name``, whose fields have defaults.
        settings: ``field=value,field=value``; may be empty.
        hidden: fields that nobody sets.

    Raises:
        BadOption: there is no such field, or it does not take the value.
    """
    own = {f.name: f for f in fields(member) if f.name not in hidden}
    given = {}
    for setting in filter(None, settings.split(",")):
        key, equals, value = setting.partition("=")
        if key not in own or not equals:
            known = ", ".join(own) or "none"
            raise BadOption(f"{option} {text}: {member.name} takes {known}, and not {setting!r}")
        given[key] = _as_type(f"{option} {text}: {key}", value, own[key].default)
    return given


def _as_type(told: str, value: str, default: object) -> object:
    """A setting as its field holds it.

    Args:
        told: begins the message.
        value: as it was written.
        default: of the field.

    Raises:
        BadOption: the value is of another type.
    """
    if isinstance(default, bool):
        if value in ("true", "false"):
            return value == "true"
        raise BadOption(f"{told} is true or false, not {value!r}")
    if isinstance(default, str):
        return value
    try:
        return type(default)(value)  # type: ignore[call-arg]
    except (TypeError, ValueError) as error:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise BadOption(f"{told} is {kind}, not {value!r}") from error
