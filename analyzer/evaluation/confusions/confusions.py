"""Critical confusions: changes of a class by a fault that are dangerous.

A confusion is golden's class and the class under faults. Golden's class, and not the label, is the
one that counts: silent corruption is a decision other than golden's, so that each critical one is
silent corruption, and the two kinds add up to it. A wrong answer of the fault-free model is not the
fault's doing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, order=True)
class Confusion:
    """Confusions that one row of a table speaks of.

    Attributes:
        golden: Class of the fault-free answer; -1: any.
        faulty: Class of the answer under faults; -1: any other.
        critical: Whether the change is dangerous.
    """

    golden: int
    faulty: int
    critical: bool


ANY = -1
"""In place of a class: all of them."""


@dataclass(frozen=True)
class Confusions:
    """The confusions that are critical; all others are not.

    A row of two classes goes before a row of one class, and that before a row of none.

    Attributes:
        rows: Ascending; no two of them contradict one another.
        source: Name of the file.
        shown: The same rows as the file writes them: golden's class, the faulty one, and
            ``critical`` or ``non-critical``.
    """

    rows: tuple[Confusion, ...]
    source: str = ""
    shown: tuple[tuple[str, str, str], ...] = ()

    @cached_property
    def _pairs(self) -> Mapping[tuple[int, int], bool]:
        return {(row.golden, row.faulty): row.critical for row in self.rows}

    def is_critical(self, golden: int, faulty: int) -> bool:
        """Say whether one change of class is critical.

        Args:
            golden: class of the fault-free answer, from 0.
            faulty: class of the answer under faults.

        >>> table = Confusions((Confusion(3, ANY, True), Confusion(3, 5, False)))
        >>> table.is_critical(3, 4), table.is_critical(3, 5), table.is_critical(4, 3)
        (True, False, False)
        """
        if golden == faulty:  # changed, and yet the same class: nobody can read the answer
            return True
        for pair in ((golden, faulty), (golden, ANY), (ANY, faulty), (ANY, ANY)):
            found = self._pairs.get(pair)
            if found is not None:
                return found
        return False

    def critical(self, golden: Ints, faulty: Ints | None, changed: Bools) -> Bools:
        """Tell the images whose change is critical.

        Args:
            golden: int64 (images,), classes without faults.
            faulty: int64 (images,), classes under faults; None: no class can be read, which counts
                as critical.
            changed: bool (images,), those with silent corruption.

        Returns:
            bool (images,).
        """
        if faulty is None:
            return changed
        found = changed.copy()
        pairs = zip(golden[changed].tolist(), faulty[changed].tolist(), strict=True)
        found[changed] = [self.is_critical(before, after) for before, after in pairs]
        return found

    @property
    def content(self) -> dict[str, Any]:
        """Everything that decides what is critical, for the id of a plan."""
        rows = [[row.golden, row.faulty, row.critical] for row in self.rows]
        digest = hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode())
        return {"rows": len(rows), "sha256": digest.hexdigest()}
