"""The tensors that a campaign exposes, chosen by name, kind and target."""

import fnmatch
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from analyzer.did_you_mean import meant
from analyzer.errors import EmptySelection, quoted
from analyzer.faults.sites import Kind, Target, TensorSite
from analyzer.faults.space import FaultSpace


def matching(pattern: str, names: Collection[str]) -> frozenset[str]:
    """The names that a pattern means: the one that it spells, else those that it takes as a glob.

    Names of exporters hold brackets, which a glob would read as a set of characters.

    Args:
        pattern: a name or a glob.
        names: of all tensors in scope.

    >>> sorted(matching("layers[0]/w", ["layers[0]/w", "layers0/w"]))
    ['layers[0]/w']
    >>> sorted(matching("layers*", ["layers[0]/w", "layers0/w", "fc/w"]))
    ['layers0/w', 'layers[0]/w']
    """
    if pattern in names:
        return frozenset({pattern})
    return frozenset(name for name in names if fnmatch.fnmatchcase(name, pattern))


@dataclass(frozen=True, slots=True)
class Selection:
    """The tensors that a campaign exposes.

    Attributes:
        include: Name globs; empty means every name.
        exclude: Name globs that are taken out again.
        kinds: Kinds; empty means every kind.
        targets: Where bits are that upsets hit; stored tensors alone unless more is asked for.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    targets: tuple[Target, ...] = (Target.STORED,)

    def of(self, tensors: Sequence[TensorSite]) -> FaultSpace:
        """The space of the selected tensors.

        Args:
            tensors: all that are in scope.

        Raises:
            EmptySelection: nothing is left, or a pattern means none of them.
        """
        exposed = [t for t in tensors if t.target in self.targets]
        names = frozenset(t.name for t in exposed)
        taken = _meant("include", self.include, names) if self.include else names
        taken -= _meant("exclude", self.exclude, names)
        chosen = (t for t in exposed if t.name in taken)
        space = FaultSpace(tuple(t for t in chosen if not self.kinds or t.kind in self.kinds))
        if not space.bits:
            raise EmptySelection(
                f"--include, --exclude and --kinds leave none of the {len(tensors)} tensors in "
                "scope; `relcheck inspect MODEL` lists their names and kinds"
            )
        return space


def _meant(flag: str, patterns: Sequence[str], names: frozenset[str]) -> frozenset[str]:
    """The names that the patterns of a flag mean.

    Raises:
        EmptySelection: a pattern means none, so that it may be mistyped.
    """
    found: frozenset[str] = frozenset()
    for pattern in patterns:
        some = matching(pattern, names)
        if not some:
            raise EmptySelection(
                f"--{flag} {quoted(pattern)} matches none of the {len(names)} tensors in scope"
                f"{meant(pattern, sorted(names))}; `relcheck inspect MODEL` lists their names"
            )
        found |= some
    return found
