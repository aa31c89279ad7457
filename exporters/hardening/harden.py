"""Hardening: one mitigation, applied to a copy of a model, its conditions checked before and after.

Each member of the family says what it requires and ensures; here, and nowhere else, both are
checked. Postconditions of all members are checked here alone (`ensured_by_all`).
"""

import onnx

from analyzer.errors import BadOption, NotEnsured
from exporters.hardening.interface import Change, Mitigation, Order, Resources
from exporters.hardening.metadata import describe
from exporters.hardening.promises import ensured_by_all, fingerprint
from exporters.hardening.subject import Subject


def check_options(
    mitigation: Mitigation, given: frozenset[str], family: tuple[Mitigation, ...]
) -> None:
    """Refuse options that a mitigation does not take.

    Args:
        mitigation: the one that was chosen.
        given: names of the options that were given, without dashes.
        family: all mitigations.

    Raises:
        BadOption: an option is of another mitigation, or needs another option.
    """
    for option in sorted(given - mitigation.options - {"data"}):
        owners = ", ".join(m.name for m in family if option in m.options)
        raise BadOption(
            f"--{option} is an option of --method {owners}; leave it out with --method "
            f"{mitigation.name}"
        )
    mitigation.check_options(given)


def harden(
    subject: Subject,
    mitigation: Mitigation,
    order: Order | None = None,
    resources: Resources | None = None,
) -> Change:
    """Apply a mitigation to a model.

    Args:
        subject: the model; it is not changed.
        mitigation: one of the family.
        order: further wishes; None: none.
        resources: data, progress, files; None: no data, and silence.

    Returns:
        The hardened model, checked, with ``metadata_props`` that say how it came about.

    Raises:
        RelcheckError: model, data or order do not suit.
        NotEnsured: the mitigation does not keep what it promises; a defect.
    """
    mitigation.requires(subject)
    before = fingerprint(subject.proto)
    change = mitigation.apply(subject, order or Order(), resources or Resources())
    if fingerprint(subject.proto) != before:
        raise NotEnsured(f"{mitigation.name} has changed the model that it was given")
    describe(change.proto, mitigation.name, subject.model.sha256, change.entries)
    onnx.checker.check_model(change.proto)
    ensured_by_all(mitigation.name, subject, change)
    mitigation.ensures(subject, change)
    return change
