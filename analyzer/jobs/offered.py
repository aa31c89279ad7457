"""The words that options take, for help texts: nothing heavy is loaded."""

from exporters.hardening.mitigations import summaries
from exporters.pretraining.methods import METHODS


def offered_mitigations() -> str:
    """Names and summaries of all mitigations, in one sentence."""
    return summaries()


def offered_pretraining() -> str:
    """Names of all methods of pretraining, and how one of their settings is given."""
    *most, last = [method.name for method in METHODS]
    return f"{', '.join(most)} or {last}; with settings like {METHODS[1].name}:prototypes=512."
