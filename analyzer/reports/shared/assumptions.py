"""The assumptions behind the figures, as sentences of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.plan import Exposure, Plan
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.faults.protections import NONE, parse_protection
from analyzer.faults.space import FaultSpace

AT_RISK = (
    "At risk are the weights that the file stores. Activations, instructions, control logic and "
    "the runtime's own memory are taken to be fault-free."
)
OUTCOMES = (
    "SDC: the decision differs from the fault-free run and nothing announces it. DUE: NaN, "
    "infinity or a runtime error."
)


@dataclass(frozen=True, slots=True)
class ReportAssumptions:
    """The sentences of one kind of report, beside those that all kinds share.

    Attributes:
        faults: The law of the faults, and what a figure means.
        outcomes: Continues the sentences on SDC and DUE; may be empty.
        trials: The rule by which trials end.
        covered: Continues the sentence on the randomness that intervals cover.
    """

    faults: Sequence[str]
    covered: str
    outcomes: str = ""
    trials: Sequence[str] = ()


def assumptions(plan: Plan, data: Dataset, own: ReportAssumptions) -> list[str]:
    """The assumptions of a report, in sentences.

    Args:
        plan: of the campaign or the map.
        data: the data set.
        own: the sentences of this kind of report.
    """
    lines = [
        *own.faults,
        AT_RISK,
        *_protection(plan),
        f"{OUTCOMES} {own.outcomes}".strip(),
        *own.trials,
        f"The data set is taken as given: intervals cover {own.covered}.",
        f"Intervals have {plan.confidence:.0%} confidence each, not jointly.",
    ]
    if data.kind is DataKind.GENERATED:
        lines.insert(0, "No data set was given: " + data.note.removeprefix("no data set: ") + ".")
    return lines


def shared_bytes(space: FaultSpace) -> list[str]:
    """A sentence on tensors that share bytes; nothing where none do.

    Args:
        space: the bits at risk.
    """
    if not space.aliases:
        return []
    owners = {a.owner for a in space.aliases if not space.tensors[a.owner].parts}
    count = len({a.site.name for a in space.aliases}) + len(owners)
    return [
        f"{count} stored tensors share bytes of a file: each byte is one fault site, and an upset "
        "there hits all of them."
    ]


def _protection(plan: Plan) -> list[str]:
    if plan.protection == NONE.name:
        return []
    about = parse_protection(plan.protection).about
    return [
        f"Memory protection {plan.protection}, executed in every trial: {about} Its check bits are "
        "hit like all others; its encoder, its decoder and copies that it reloads from are taken "
        "to be fault-free."
    ]


def encoding_sentence(plan: Plan) -> str:
    """The representation of values in the memory at risk, in a sentence."""
    if plan.encoding == "stored":
        return "Values are held as serialized in the file."
    return f"Floating-point values are held as {plan.encoding} fixed point, rounded to its grid."


_LASTS = {
    Exposure.TRANSIENT: "Each batch meets a fault pattern of its own (transient exposure).",
    Exposure.RESIDENT: "One fault pattern stays for the whole data set (resident exposure); "
    "figures are means over devices.",
}


def sweep_assumptions(plan: Plan, data: Dataset) -> list[str]:
    """The assumptions of a sweep over bit error rates, in sentences.

    Args:
        plan: of the campaign.
        data: the data set.
    """
    own = ReportAssumptions(
        faults=(
            "Every bit at risk is hit independently with the stated probability: the number of "
            "upsets is Binomial(bits, rate), their places are uniform without replacement.",
            f"Fault model: {plan.fault}. {encoding_sentence(plan)}",
            _LASTS[plan.exposure],
        ),
        outcomes="Masked: the rest. A DUE never counts as a right answer.",
        covered="the randomness of the faults, not that of the choice of images",
    )
    return assumptions(plan, data, own)
