"""The recipe by which images became inputs, and who said so: part of every report."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from analyzer.evaluation.preprocess import Target
from analyzer.model import Origin, Preprocessing

LARGEST_DENOMINATOR = 1000
"""Up to here a scale is shown as a fraction: 1/255, 2/255, 1/127.5 as 2/255."""


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a recipe.

    Attributes:
        name: As the flag is called, without dashes; ``fit`` for the stretching to a model's size.
        value: As text.
        origin: Who said so.
    """

    name: str
    value: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps from the data to the model's input.

    Attributes:
        steps: In the order in which they are taken; empty: there are none.
        summary: The same in half a sentence, with who said so.
        plain: The same without.
    """

    steps: tuple[Step, ...] = ()
    summary: str = ""
    plain: str = ""

    @property
    def assumed(self) -> bool:
        """True if neither the model nor a flag said how pixels become numbers."""
        told = {s.name: s.origin for s in self.steps}
        arithmetic = [told[name] for name in ("scale", "mean", "std") if name in told]
        return bool(arithmetic) and set(arithmetic) == {Origin.ASSUMED}


AS_STORED = Recipe((), *["arrays as they are stored, no preprocessing"] * 2)
RANDOM = Recipe((), *["random numbers in the shape of the input, no preprocessing"] * 2)


def recipe_of(target: Target, preprocessing: Preprocessing, stretched: bool) -> Recipe:
    """The recipe that `analyzer.evaluation.preprocess.prepare` follows.

    Args:
        target: what images become.
        preprocessing: how, and who said so.
        stretched: whether some images are brought to the model's size without anyone saying so.
    """
    origin = preprocessing.origin
    steps = []
    if preprocessing.resize:
        steps.append(Step("resize", str(preprocessing.resize), origin("resize")))
    if preprocessing.crop:
        steps.append(Step("crop", str(preprocessing.crop), origin("crop")))
    if stretched:
        size = f"{target.height or 'any'}x{target.width or 'any'}"
        steps.append(Step("fit", f"stretched to {size}", Origin.ASSUMED))
    if target.channels == 3:
        steps.append(Step("color", preprocessing.color, origin("color")))
    if target.dtype != "uint8":
        steps += [
            Step("scale", show_number(preprocessing.scale), origin("scale")),
            Step("mean", show_numbers(preprocessing.mean), origin("mean")),
            Step("std", show_numbers(preprocessing.std), origin("std")),
        ]
    steps.append(Step("layout", target.layout, origin("layout")))
    return Recipe(tuple(steps), _summary(steps, preprocessing), _plain(steps, preprocessing))


def effective_flags(target: Target) -> frozenset[str]:
    """The preprocessing flags that can change what such a model is fed."""
    names = {"layout", "resize", "crop"}
    names |= {"color"} if target.channels == 3 else set()
    names |= {"scale", "mean", "std"} if target.dtype != "uint8" else set()
    return frozenset(names)


def changes(base: Preprocessing, used: Preprocessing) -> tuple[tuple[str, str], ...]:
    """Entries of the model's recipe that flags changed, by name.

    Args:
        base: what the model says, or the defaults.
        used: with the flags.

    >>> changes(Preprocessing(), Preprocessing(scale=1.0))
    (('scale', '1'),)
    """
    return tuple(
        (name, show_value(getattr(used, name)))
        for name in ("layout", "color", "resize", "crop", "scale", "mean", "std")
        if getattr(base, name) != getattr(used, name)
    )


def show_number(value: float) -> str:
    """A number that `analyzer.model.metadata.read_number` reads back, short where it can be.

    >>> show_number(1 / 255), show_number(2 / 255), show_number(0.485), show_number(1.0)
    ('1/255', '2/255', '0.485', '1')
    """
    plain = f"{value:.15g}"
    if float(plain) == value and len(plain) <= 8:
        return plain
    near = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    exact = near.denominator > 1 and float(near) == value
    return f"{near.numerator}/{near.denominator}" if exact else repr(value)


def show_numbers(values: Sequence[float]) -> str:
    """Numbers as flags take them: separated by commas."""
    return ",".join(map(show_number, values))


def show_value(value: object) -> str:
    """A value of a preprocessing entry as flags take it."""
    if isinstance(value, float):
        return show_number(value)
    return show_numbers(value) if isinstance(value, tuple) else str(value)


def formula(preprocessing: Preprocessing) -> str:
    """The arithmetic on a pixel x, with means and deviations where there are any.

    >>> formula(Preprocessing()), formula(Preprocessing(scale=1.0, mean=(127.5,), std=(127.5,)))
    ('x/255, no mean', '(x - 127.5)/127.5')
    >>> formula(Preprocessing(scale=-1 / 255, mean=(-1.0,)))
    '-x/255 + 1'
    """
    scaled = _scaled(preprocessing.scale)
    centred = any(preprocessing.mean)
    text = scaled
    if centred:
        plus = all(value < 0 for value in preprocessing.mean)
        mean = [abs(value) if plus else value for value in preprocessing.mean]
        text = f"{scaled} {'+' if plus else '-'} {_group(mean)}"
    if all(value == 1.0 for value in preprocessing.std):
        return text if centred else f"{text}, no mean"
    return f"({text})/{_group(preprocessing.std)}"


def _scaled(scale: float) -> str:
    sign, size = ("-" if scale < 0 else ""), abs(scale)
    below = round(1 / size) if size else 0
    if size == 1.0:
        return f"{sign}x"
    if 1 < below <= LARGEST_DENOMINATOR and 1 / below == size:
        return f"{sign}x/{below}"
    return f"{sign}x*{show_number(size)}"


def _group(values: Sequence[float]) -> str:
    shown = show_numbers(values)
    return f"({shown})" if len(values) > 1 else shown


_WORDS = {
    Origin.FLAG: "by flag",
    Origin.METADATA: "from the metadata",
    Origin.ASSUMED: "ASSUMED",
}


def _summary(steps: Sequence[Step], preprocessing: Preprocessing) -> str:
    """The steps, grouped by who said so; a layout that follows from the shape goes unsaid."""
    told = [(_phrase(s), s.origin) for s in steps if s.name in ("resize", "crop", "fit", "color")]
    arithmetic = [s.origin for s in steps if s.name in ("scale", "mean", "std")]
    if arithmetic:
        stated = [o for o in arithmetic if o is not Origin.ASSUMED]
        told.insert(0, (formula(preprocessing), _strongest(stated)))
    told += [(s.value, s.origin) for s in steps if s.name == "layout" and s.origin.stated]
    groups: dict[Origin, list[str]] = {}
    for phrase, origin in told:
        groups.setdefault(origin, []).append(phrase)
    nobody = set(groups) == {Origin.ASSUMED}
    why = ", no metadata, no flags" if nobody else ""
    parts = [f"{', '.join(p)}: {_WORDS[o]}{why}" for o, p in groups.items()]
    return "; ".join(parts if arithmetic else ["pixels as they are", *parts])


def _plain(steps: Sequence[Step], preprocessing: Preprocessing) -> str:
    """The steps, whoever said so."""
    arithmetic = any(s.name == "scale" for s in steps)
    told = [formula(preprocessing) if arithmetic else "pixels as they are"]
    told += [_phrase(s) for s in steps if s.name in ("resize", "crop", "fit", "color")]
    told += [s.value for s in steps if s.name == "layout" and s.origin.stated]
    return ", ".join(told)


def _strongest(origins: Sequence[Origin]) -> Origin:
    if Origin.FLAG in origins:
        return Origin.FLAG
    return origins[0] if origins else Origin.ASSUMED


def _phrase(step: Step) -> str:
    return {
        "resize": f"shorter side to {step.value}",
        "crop": f"central {step.value}",
    }.get(step.name, step.value)
