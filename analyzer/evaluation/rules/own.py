"""A rule of the user's own: a function ``changed(golden, outputs)`` in a Python file."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.errors import BadOption
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs
from analyzer.evaluation.user_code import UserFunction


@dataclass(frozen=True, slots=True)
class OwnRule:
    """An image has changed where the user's function says so.

    The function is ``changed(golden, outputs) -> bool (images,)``. Both arguments are lists of
    arrays, one per judged output, the axis of images first; ``outputs`` are those under faults.

    Attributes:
        function: The function.
    """

    function: UserFunction

    name = "own"
    needs_outputs = True

    @property
    def parameters(self) -> Mapping[str, str]:
        """The function's name, and the digest of its file."""
        return {"function": self.function.shown, "sha256": self.function.digest}

    def sentence(self) -> str:
        """The rule in words."""
        return f"function {self.function.name} of {self.function.place.name}"

    def decide(self, outputs: Outputs, images: int) -> None:
        """Nothing; golden compared with itself must not differ.

        Raises:
            BadOption: it does, or the function's result has another form.
        """
        if self._call(outputs, outputs, images).any():
            raise BadOption(f"{self.function.shown} says that golden differs from golden")

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): as the function says; an answer of another shape has changed."""
        shapes = zip(golden.outputs, outputs, strict=True)
        if any(a.shape[:1] != b.shape[:1] or a.ndim != b.ndim for a, b in shapes):
            return np.ones(golden.images, bool)
        return self._call(golden.outputs, outputs, golden.images)

    def _call(self, golden: Outputs, outputs: Outputs, images: int) -> Bools:
        with np.errstate(all="ignore"):  # NaN and infinity are answers, too
            found = np.asarray(self.function.call(list(golden), list(outputs)))
        if found.shape != (images,) or found.dtype.kind not in "biu":
            raise BadOption(
                f"{self.function.shown} returns {found.dtype} {found.shape} for {images} images; "
                f"it must return bool ({images},)"
            )
        return found.astype(bool)
