"""Several outputs: an image has changed if the rule of any of them says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzer.evaluation.rules.rule import (
    Bools,
    DecisionRule,
    GoldenDecisions,
    Outputs,
    UnfittedRule,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One output with its rule.

    Attributes:
        output: Name of the output.
        rule: Judges this output alone.
    """

    output: str
    rule: DecisionRule


@dataclass(frozen=True, slots=True)
class Several:
    """The decisions of all outputs together.

    Attributes:
        parts: One per judged output, in the order of the outputs; two or more.
    """

    parts: tuple[Part, ...]

    name = "several"
    needs_outputs = False
    """The decisions of a part hold its output, where the part needs it."""

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """Rule and parameters of every part."""
        found: dict[str, str | int | float | bool] = {}
        for part in self.parts:
            found[part.output] = part.rule.name
            found |= {f"{part.output}.{key}": v for key, v in part.rule.parameters.items()}
        return found

    def sentence(self) -> str:
        """The rule in words."""
        shown = "; ".join(f"{part.output!r}: {part.rule.sentence()}" for part in self.parts)
        return f"all of {len(self.parts)} outputs, changed if one is: {shown}"

    def decide(self, outputs: Outputs, images: int) -> tuple[GoldenDecisions, ...]:
        """The decisions of each part; see `DecisionRule.decide`."""
        found = []
        for part, output in zip(self.parts, outputs, strict=True):
            kept = (output,) if part.rule.needs_outputs else ()
            found.append(GoldenDecisions(part.rule.decide((output,), images), kept, images))
        return tuple(found)

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): some part has changed."""
        changed = np.zeros(golden.images, bool)
        parts = zip(self.parts, golden.decisions, outputs, strict=True)
        for part, before, output in parts:
            changed |= part.rule.changed(before, (output,))
        return changed

    def fitted(self, golden: Sequence[GoldenDecisions]) -> "Several":
        """The parts with whatever depends on the whole data set.

        Args:
            golden: every batch.
        """
        return replace(
            self,
            parts=tuple(
                replace(part, rule=fitted_rule(part.rule, [b.decisions[i] for b in golden]))
                for i, part in enumerate(self.parts)
            ),
        )


def fitted_rule(rule: DecisionRule, golden: Sequence[GoldenDecisions]) -> DecisionRule:
    """The rule with whatever depends on the whole data set; of most, the rule itself.

    Args:
        rule: any rule.
        golden: its decisions on every batch.
    """
    return rule.fitted(golden) if isinstance(rule, UnfittedRule) else rule
