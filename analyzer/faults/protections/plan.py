"""Rules: which scheme protects which bits. The first rule that takes a bit protects it."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzer.errors import BadOption, quoted
from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import Values
from analyzer.faults.protections.contents import Contents
from analyzer.faults.protections.in_place import InPlaceCodec
from analyzer.faults.protections.memory import UNPROTECTED, GuardedMemory
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.protections.scheme import Guard, Scheme
from analyzer.faults.space import FaultSpace, TensorSite


@dataclass(frozen=True, slots=True)
class Chosen:
    """The bits that a rule asks for.

    Attributes:
        names: Name globs; empty: every name.
        kinds: Kinds of tensors; empty: every kind.
        dtypes: Names of element types; empty: every type.
        bits: Bit positions; empty: every position.
    """

    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    bits: tuple[int, ...] = ()

    def takes(self, tensor: TensorSite) -> bool:
        """True for tensors some of whose bits are asked for."""
        named = not self.names or any(fnmatch.fnmatchcase(tensor.name, g) for g in self.names)
        kind = not self.kinds or tensor.kind.value in self.kinds
        return named and kind and (not self.dtypes or tensor.dtype in self.dtypes)

    def positions(self, tensor: TensorSite, widest: int) -> Bools:
        """The positions that are asked for in a tensor.

        Args:
            tensor: the tensor.
            widest: bits of the widest element of all tensors.

        Returns:
            bool (widest,).
        """
        places = np.arange(widest)
        found = places < tensor.codec.bits
        if not self.takes(tensor):
            found[:] = False
        return found & np.isin(places, self.bits) if self.bits else found

    def __str__(self) -> str:
        """The form in which flags write it; empty if it takes everything."""
        terms = [
            *self.names,
            *(f"kind={kind}" for kind in self.kinds),
            *(f"type={dtype}" for dtype in self.dtypes),
            *(f"bits={span}" for span in _spans(self.bits)),
        ]
        return ",".join(terms)


def _spans(bits: Sequence[int]) -> list[str]:
    """Runs of positions.

    >>> _spans((0, 1, 2, 30))
    ['0-2', '30']
    """
    found: list[list[int]] = []
    for bit in bits:
        if found and bit == found[-1][1] + 1:
            found[-1][1] = bit
        else:
            found.append([bit, bit])
    return [str(low) if low == high else f"{low}-{high}" for low, high in found]


@dataclass(frozen=True, slots=True)
class Rule:
    """A scheme, and the bits that it protects.

    Attributes:
        scheme: The scheme; None: the bits stay unprotected.
        chosen: The bits.
    """

    scheme: Scheme | None
    chosen: Chosen = Chosen()

    def __str__(self) -> str:
        """The form in which flags write it."""
        where = str(self.chosen)
        return f"{self.scheme or 'none'}{'@' if where else ''}{where}"


@dataclass(frozen=True, slots=True)
class ProtectionPlan:
    """Rules in order.

    Attributes:
        rules: At least one.
    """

    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """The rules as flags write them."""
        return "+".join(map(str, self.rules))

    @property
    def about(self) -> str:
        """A sentence for each rule."""
        return " ".join(map(_about, self.rules))

    def protect(self, data: FaultSpace, values: Mapping[str, Values]) -> GuardedMemory:
        """The memory of one model; see `Protection.protect`.

        Args:
            data: the bits at risk.
            values: values of the stored tensors, by name.

        Raises:
            BadOption: a rule takes no bit, or bits that its scheme cannot protect.
        """
        owners = _owners(self.rules, data)
        encoded = _encoded(self.rules, data, owners)
        golden = {t.name: t.codec.decode(t.codec.encode(values[t.name])) for t in encoded.tensors}
        contents = Contents(encoded, golden)
        guards: list[Guard] = []
        numbers = np.full_like(owners, UNPROTECTED)
        mild = np.zeros(owners.shape, np.bool_)
        for index, rule in enumerate(self.rules):
            if rule.scheme is None:
                continue
            mine = owners == index
            numbers[mine] = len(guards)
            guards.append(rule.scheme.guard(Part(contents, mine, str(rule))))
            for tensor, chosen, found in zip(encoded.tensors, mine, mild, strict=True):
                found |= rule.scheme.covered(tensor, chosen)
        return GuardedMemory(contents, tuple(guards), numbers, mild)

    def examples(self) -> Sequence[ProtectionExample]:
        """Those of its schemes."""
        schemes = (rule.scheme for rule in self.rules if rule.scheme is not None)
        return [example for scheme in schemes for example in scheme.examples()]


def _about(rule: Rule) -> str:
    about = "These bits are not protected." if rule.scheme is None else rule.scheme.about
    where = str(rule.chosen)
    return f"{about[:-1]} ({where})." if where else about


def _owners(
    rules: Sequence[Rule], data: FaultSpace
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The rule of each bit position: int64 (tensors, widest), -1 where there is none."""
    widest = int(data.widths.max(initial=1))
    owners = np.full((len(data.tensors), widest), UNPROTECTED, np.int64)
    for index, rule in enumerate(rules):
        wanted = np.array([rule.chosen.positions(t, widest) for t in data.tensors])
        _check_some(
            wanted.any(),
            rule,
            "selects no bit at risk; `relcheck inspect MODEL` lists names, kinds and types",
        )
        wanted &= owners == UNPROTECTED
        _check_some(wanted.any(), rule, "selects only bits that a rule before it protects")
        if rule.scheme is not None:
            reasons = [rule.scheme.refusal(t) for t in data.tensors]
            refused = np.array([bool(reason) for reason in reasons])
            hit = next(i for i in range(len(reasons)) if wanted[i].any())
            wanted[refused] = False
            name = quoted(data.tensors[hit].name)
            _check_some(wanted.any(), rule, f"cannot protect {name}: {reasons[hit]}")
        owners[wanted] = index
    return owners


def _check_some(there: bool | np.bool_, rule: Rule, why: str) -> None:
    """Refuse a rule that protects nothing.

    Raises:
        BadOption: nothing is there.
    """
    if not there:
        raise BadOption(f"--protect: the rule {quoted(str(rule))} {why}")


def _encoded(
    rules: Sequence[Rule], data: FaultSpace, owners: np.ndarray[tuple[int, int], np.dtype[np.int64]]
) -> FaultSpace:
    """The data as readers meet them: codecs of schemes that encode in place.

    Raises:
        BadOption: such a scheme, which takes whole elements, has only some of their bits.
    """
    tensors = list(data.tensors)
    for i, tensor in enumerate(tensors):
        for index in sorted(set(owners[i].tolist()) - {UNPROTECTED}):
            rule = rules[index]
            codec = rule.scheme.codec(tensor) if rule.scheme else tensor.codec
            if not isinstance(codec, InPlaceCodec):
                continue
            if np.count_nonzero(owners[i] == index) < tensor.codec.bits:
                raise BadOption(
                    f"--protect: the rule {quoted(str(rule))} has only some bits of "
                    f"{quoted(tensor.name)}, and its code takes whole elements; leave out bits="
                )
            tensors[i] = replace(tensor, codec=codec)
    return FaultSpace(tuple(tensors))
