"""Decisions of models that answer with sequences: text recognizers, taggers, translators."""

from collections.abc import Mapping
from collections.abc import Sequence as Batches
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.facts import SEVERAL, OutputFacts, sums_to_one
from analyzer.evaluation.rules.remarks import few_found, images_of
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs

Values = npt.NDArray[Any]
Tokens = npt.NDArray[np.int64]
"""int64 (images, length), padded with `PAD`."""

PAD = -1
TOKENS, SCORED, CTC = "tokens", "highest", "ctc"


@dataclass(frozen=True, slots=True)
class Sequence:
    """An image is answered differently if any token of its sequence does.

    Attributes:
        kind: ``tokens``: it holds token numbers (images, length). ``highest``: scores, of which the
            highest of each step is a token. ``ctc``: the same, and of the tokens repetitions and
            then blanks are dropped (greedy decoding of connectionist temporal classification;
            Graves et al., 2006).
        blank: The blank of CTC.
    """

    kind: str = CTC
    blank: int = 0

    name = "sequence"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        blank = {"blank": self.blank} if self.kind == CTC else {}
        return {"kind": self.kind, **blank}

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        read = {
            TOKENS: "as the model answers it",
            SCORED: "the highest score of each step",
            CTC: f"by greedy CTC decoding with blank {self.blank}",
        }[self.kind]
        return f"sequence of tokens, {read}; an image differs if any token does"

    def decide(self, outputs: Outputs, images: int) -> Tokens:
        """As in `DecisionRule`: int64 (images, length), padded with `PAD`."""
        tokens = self.tokens(outputs, images)
        if tokens is None:
            raise GoldenFailed(
                f"an output of {outputs[0].dtype} and shape {outputs[0].shape} is no sequence of "
                f"tokens per image of kind {self.kind!r}; name another rule by --task"
            )
        return tokens

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        before, after = cast(Tokens, golden.decisions), self.tokens(outputs, golden.images)
        if after is None:
            return np.ones(golden.images, bool)
        if self.kind != CTC and before.shape != after.shape:
            return np.ones(golden.images, bool)
        length = max(before.shape[1], after.shape[1])
        return np.asarray((padded(before, length) != padded(after, length)).any(axis=1))

    def remark(self, golden: Batches[GoldenDecisions]) -> str:
        """Few images with any token, by CTC; see `RemarkingRule.remark`."""
        if self.kind != CTC:
            return ""
        maps = [cast(Tokens, batch.decisions) for batch in golden]
        some = sum(int((tokens != PAD).any(axis=1).sum()) for tokens in maps)
        return few_found(some, images_of(golden), "any token beside blanks", "a token")

    def tokens(self, outputs: Outputs, images: int) -> Tokens | None:
        """Tokens of each image, as `decide` returns them; None if the output holds none.

        Args:
            outputs: as in `DecisionRule.decide`.
            images: how many images the run answered.
        """
        values = outputs[0]
        if self.kind == TOKENS:
            fits = values.ndim == 2 and len(values) >= images and values.dtype.kind in "iu"
            return values[:images].astype(np.int64) if fits else None
        if values.ndim != 3 or not values.shape[2] or len(values) < images:
            return None
        highest: Tokens = values[:images].argmax(axis=2).astype(np.int64)
        return ctc_collapsed(highest, self.blank) if self.kind == CTC else highest


def ctc_collapsed(steps: Tokens, blank: int) -> Tokens:
    """Tokens without repetitions, and then without blanks.

    Args:
        steps: int64 (images, steps).
        blank: the token that means that there is none.

    Returns:
        int64 (images, length of the longest), padded with `PAD`.

    >>> ctc_collapsed(np.array([[5, 5, 0, 5, 7], [0, 0, 3, 3, 0]]), 0).tolist()
    [[5, 5, 7], [3, -1, -1]]
    """
    kept = steps != blank
    kept[:, 1:] &= steps[:, 1:] != steps[:, :-1]
    place = kept.cumsum(axis=1) - 1
    longest = int(place.max(initial=-1)) + 1
    found = np.full((len(steps), longest), PAD, np.int64)
    image, step = np.nonzero(kept)
    found[image, place[image, step]] = steps[image, step]
    return found


def padded(tokens: Tokens, length: int) -> Tokens:
    """Sequences padded on.

    Args:
        tokens: int64 (images, length), padded with `PAD`.
        length: at least as long.
    """
    return np.pad(tokens, ((0, 0), (0, length - tokens.shape[1])), constant_values=PAD)


SCORE_WORDS = ("logit", "softmax", "prob", "score", "log_prob")
MANY_BLANKS, MOST_BLANKS = 0.3, 0.5
"""The share of steps at which recognizers answer blank is higher than this; the second where
nothing else tells that numbers are scores."""
ALPHABET = 36
"""Letters and digits."""


def suits(facts: OutputFacts) -> Sequence | str:
    """The rule for a sequence, or why the outputs are none. See `Recognizer`.

    Integers (images, length) are tokens. Scores are recognized by their operator or name, or
    because they sum to 1; they are CTC's if the first or last token is often the highest. Of
    a large alphabet that alone is evidence enough.
    """
    if len(facts.outputs) != 1:
        return SEVERAL
    values = facts.outputs[0]
    if values.dtype.kind in "iu" and values.ndim == 2 and len(values) == facts.images:
        return Sequence(TOKENS) if values.shape[1] > 1 else "one number per image"
    if values.ndim != 3 or values.dtype.kind != "f" or values.shape[2] < 2 or not values.size:
        return "no sequence of tokens: not (images, steps, tokens)"
    highest = values.argmax(axis=2)
    scores = _are_scores(facts)
    for blank in (0, values.shape[2] - 1):
        share = float(np.mean(highest == blank))
        if (scores and share > MANY_BLANKS) or _peaks_of_ctc(share, values.shape[2]):
            return Sequence(CTC, blank)
    if not scores:
        return "no sequence of tokens: its numbers may be features and not scores"
    return Sequence(SCORED)


def _peaks_of_ctc(blanks: float, tokens: int) -> bool:
    """True for scores that nothing names as such, but that are peaked as CTC's are.

    Args:
        blanks: share of steps whose highest score is the first, or the last, of all tokens.
        tokens: how many there are. Of many features, one at the end is seldom the highest.
    """
    return tokens >= ALPHABET and MOST_BLANKS < blanks < 1


def _are_scores(facts: OutputFacts) -> bool:
    """True if the last axis holds scores of tokens."""
    if facts.operator(0) in ("Softmax", "LogSoftmax") or facts.named(0, *SCORE_WORDS):
        return True
    return sums_to_one(facts.outputs[0], 2)
