"""A sentence on the effect of a processor's integer kernels on a quantized model."""

from analyzer.reports.shared.number_format import METRIC_NAMES, percent
from analyzer.verification.int8_paths import KernelDifference


def int8_sentence(
    precise: KernelDifference,
    unoptimized: KernelDifference,
    chosen: bool,
    processor: str,
    metric: str,
) -> str:
    """The comparison of integer kernels, in a sentence.

    Args:
        precise: from the default kernels to the precise path.
        unoptimized: from the default kernels to the unoptimized graph.
        chosen: whether the precise path is the one that runs.
        processor: its name.
        metric: name of what the figures are.
    """
    warning = (precise.beyond_noise or unoptimized.beyond_noise) and not chosen
    advice = "; --precise-int8 takes the exact path" if warning else ""
    taken = "the exact path runs (--precise-int8)" if chosen else "the fast path runs"
    figures = [precise.right[0], precise.right[1], unoptimized.right[1]]
    fast, slow, plain = (f"{percent(figure)} %" for figure in figures)
    return (
        f"{'WARNING: ' if warning else ''}this processor ({processor}) has no VNNI, so that fast "
        f"int8 kernels saturate at 16 bits; {taken}. Fault-free {METRIC_NAMES[metric]} on "
        f"{precise.images} images: {fast} "
        f"by fast kernels, {slow} by exact ones, {plain} without graph optimization; "
        f"{precise.other} decisions differ{advice}."
    )
