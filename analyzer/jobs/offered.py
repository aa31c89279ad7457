"""The words that options take, for help texts: nothing heavy is loaded."""

from exporters.hardening.mitigations import summaries


def offered_mitigations() -> str:
    """Names and summaries of all mitigations, in one sentence."""
    return summaries()
