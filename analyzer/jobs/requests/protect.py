"""The request for the cheapest protection of a memory that meets a budget."""

from pathlib import Path
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
from analyzer.jobs.requests.words import read_share
from analyzer.reports.formats import RecordKind
from exporters.hardening.interface import Mitigation
from exporters.hardening.mitigations import find_mitigation

DEFAULT_SCHEMES = ("secded:64", "tmr")
"""They need no memory beside the one that they protect, and change no value."""

OF_BOUNDS = ("calibration_data", "max_loss", "max_latency", "out")
"""Settings that matter to bounds on activations alone."""


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


def _mitigation(word: str) -> Mitigation:
    """The mitigation of a word.

    Raises:
        BadOption: there is none.
    """
    try:
        return find_mitigation(word)
    except BadOption as error:
        raise BadOption(str(error).replace("--method", "--bounds")) from error


def _bounds(value: Any) -> tuple[str, ...]:
    """Names of mitigations of their words.

    Raises:
        BadOption: one is unknown, or searches its bounds for hours.
    """
    words = (value,) if isinstance(value, str) else value
    found = [_mitigation(str(word)) for word in words]
    for one in found:
        if "state" in one.options:
            raise BadOption(
                f"--bounds {one.name} would search its bounds under faults; make that model by "
                f"relcheck harden --method {one.name}, and run relcheck protect on it"
            )
    return tuple(dict.fromkeys(one.name for one in found))


class ProtectRequest(CampaignRequest):
    """The cheapest protection of one model's memory.

    Attributes:
        model: The model.
        gate: The budgets; none: those of the target.
        target: The deployment target; None: events per memory count, not FIT.
        scheme: Schemes that may be used, as ``--protect`` writes them, without a place.
        rounds: Plans that are tried before it is given up.
        bounds: Methods that bound activations, each an alternative to the model as it is.
        calibration_data: Images on which bounds are measured; None: those of ``data``.
        max_loss: Fault-free accuracy that bounds may cost, as a fraction.
        max_latency: Latency of a bounded model, at most, in multiples of the original's; None:
            however slow.
        out: File for the bounded model, if the plan takes one; None: it is only returned.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.PROTECTION

    model: Annotated[Model, Field(exclude=True)]
    gate: Budgets = ()
    target: TargetFile | None = None
    scheme: Annotated[tuple[str, ...], BeforeValidator(_schemes)] = DEFAULT_SCHEMES
    rounds: int = Field(default=3, ge=1, le=10)
    bounds: Annotated[tuple[str, ...], BeforeValidator(_bounds)] = ()
    calibration_data: fields.Data = None
    max_loss: Annotated[float, BeforeValidator(read_share), Field(ge=0.0, lt=1.0)] = 0.005
    max_latency: Annotated[float | None, Field(gt=0.0, allow_inf_nan=False)] = None
    out: Path | None = None

    @classmethod
    def paths(cls) -> frozenset[str]:
        """Names of settings that hold the path of a file or a folder."""
        return super().paths() | {"calibration_data", "out"}

    @property
    def data_files(self) -> list[Path]:
        """The files and folders that are read, those of the calibration among them."""
        own = self.calibration_data
        return [*super().data_files, *([own] if isinstance(own, Path) else [])]

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
        self._check_bounds()

    def _check_bounds(self) -> None:
        """Refuse options of bounds where no bounds are considered.

        Raises:
            BadOption: there is one.
        """
        given = [
            n for n in OF_BOUNDS if n in self.model_fields_set and getattr(self, n) is not None
        ]
        if given and not self.bounds:
            raise BadOption(
                f"--{given[0].replace('_', '-')} is about bounds on activations; add --bounds with "
                "a method, like ranger"
            )
