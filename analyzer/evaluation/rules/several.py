"""Several outputs: an image has changed if the rule of any of them says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzer.evaluation.rules.rule import (
    Bools,
    DecisionRule,
    GoldenDecisions,
    Outputs,
    as_unfitted,
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


def fitted_rule(rule: DecisionRule, golden: Sequence[GoldenDecisions]) -> DecisionRule:
    """The rule with whatever depends on the whole data set; of most, the rule itself.

    Args:
        rule: any rule.
        golden: its decisions on every batch.
    """
    if isinstance(rule, Several):
        parts = (
            replace(part, rule=fitted_rule(part.rule, [batch.decisions[i] for batch in golden]))
            for i, part in enumerate(rule.parts)
        )
        return replace(rule, parts=tuple(parts))
    unfitted = as_unfitted(rule)
    return rule if unfitted is None else unfitted.fitted([batch.outputs for batch in golden])


def decided_anew(rule: DecisionRule, golden: GoldenDecisions) -> GoldenDecisions:
    """The decisions of a fitted rule on a batch that the rule before it has seen.

    Args:
        rule: of `fitted_rule`.
        golden: decisions of the rule before.
    """
    if isinstance(rule, Several):
        parts = zip(rule.parts, golden.decisions, strict=True)
        return replace(golden, decisions=tuple(decided_anew(p.rule, own) for p, own in parts))
    if as_unfitted(rule) is None:
        return golden
    kept = golden.outputs if rule.needs_outputs else ()
    decisions = rule.decide(golden.outputs, golden.images)
    return GoldenDecisions(decisions, kept, golden.images)
