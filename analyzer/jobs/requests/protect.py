"""The request for the cheapest protection of a memory that meets a budget."""

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer

from analyzer.errors import BadOption, quoted
from analyzer.faults.protections import parse_protection
from analyzer.faults.protections.plan import ProtectionPlan
from analyzer.gate.harm_budget import EXAMPLE, HarmBudget, parse_budget
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Model
from analyzer.jobs.requests.campaigns import CampaignRequest
from analyzer.jobs.requests.target import TargetFile
from analyzer.reports.formats import RecordKind

DEFAULT_SCHEMES = ("secded:64", "tmr")
"""They need no memory beside the one that they protect, and change no value."""


def _schemes(value: Any) -> tuple[str, ...]:
    """Schemes of their texts, in their usual form.

    Raises:
        BadOption: one is none, or says where it is to be used.
    """
    given = value.split("+") if isinstance(value, str) else value
    found = []
    for text in given:
        protection = parse_protection(str(text).strip())
        if not isinstance(protection, ProtectionPlan) or "@" in protection.name:
            raise BadOption(
                f"--scheme {quoted(str(text))}: name a scheme alone, like secded:64; the plan says "
                "where it is used"
            )
        found += [str(rule.scheme) for rule in protection.rules]
    return tuple(dict.fromkeys(found))


Budgets = Annotated[
    tuple[
        Annotated[
            InstanceOf[HarmBudget],
            fields.from_text_alone(HarmBudget, parse_budget),
            PlainSerializer(str),
        ],
        ...,
    ],
    fields.ONE_OR_MORE,
]


class ProtectRequest(CampaignRequest):
    """The cheapest protection of one model's memory.

    Attributes:
        model: The model.
        gate: The budgets; none: those of the target.
        target: File of the deployment target; None: events per memory count, not FIT.
        scheme: Schemes that may be used, as ``--protect`` writes them, without a place.
        rounds: Plans that are tried before it is given up.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.PROTECTION

    model: Annotated[Model, Field(exclude=True)]
    gate: Budgets = ()
    target: TargetFile | None = None
    scheme: Annotated[tuple[str, ...], BeforeValidator(_schemes)] = DEFAULT_SCHEMES
    rounds: int = Field(default=3, ge=1, le=10)

    def check(self) -> None:
        """Refuse a budget in a unit that nothing gives, and two of one outcome.

        Raises:
            BadOption: there is no budget, or it does not go with what else was asked for.
        """
        if self.target is None and not self.gate:
            raise BadOption(f"relcheck protect needs a budget: --gate; {EXAMPLE}")
        for budget in self.gate:
            if budget.fit != (self.target is not None):
                lacking = "needs a --target, which has the raw rates"
                beside = "is per event, and a --target counts FIT; write 'sdc_fit <= ...'"
                raise BadOption(f"--gate {str(budget)!r} {lacking if budget.fit else beside}")
        outcomes = [budget.outcome for budget in self.gate]
        if len(set(outcomes)) < len(outcomes):
            raise BadOption("--gate: one budget for each of sdc and due")
        if self.target is not None and "fault" in self.model_fields_set:
            raise BadOption("--fault: a --target says itself which events its memories see")
