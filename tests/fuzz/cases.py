"""The three families of cases: damaged models, models as text, damaged data sets."""

import random

from hypothesis import strategies as st

from tests.fuzz import bytes as damage
from tests.fuzz.client import Case
from tests.fuzz.promise import HARDENED, PAGE, REPORT
from tests.fuzz.texts import anythings, chains, to_bytes

CHEAP = ("--rates", "1e-4", "--precision", "0.4", "--images", "8", "--budget", "5s")
ALONE = ("--jobs", "0", "--journal", "none")

COMMANDS: tuple[tuple[str, ...], ...] = (
    *[("run", "m.onnx", *CHEAP, *ALONE, "--json", REPORT)] * 6,
    ("run", "m.onnx", *CHEAP, *ALONE, "--html", PAGE),
    ("run", "m.onnx", *CHEAP, *ALONE, "--exposure", "resident", "--json", REPORT),
    ("run", "m.onnx", *CHEAP, *ALONE, "--encoding", "q15.16", "--fault", "burst:3"),
    ("run", "m.onnx", *CHEAP, *ALONE, "--batch", "3", "--fault", "stuck1"),
    *[("inspect", "m.onnx")] * 2,
    ("selftest", "m.onnx", "--patterns", "6"),
    *[("harden", "m.onnx", "--method", "relu6", "--images", "4", "-o", HARDENED)] * 2,
    ("map", "m.onnx", "--margin", "0.4", "--images", "8", "--budget", "3s", *ALONE),
    ("compare", "m.onnx", "m.onnx", *CHEAP, *ALONE, "--json", REPORT),
)

BASES = ("tiny.onnx", "nested.onnx", "digits_resnet.onnx", "digits_resnet_int8.onnx")
WEIGHTS = (6, 8, 4, 1)
"""How often each is damaged: the large ones take longer and have fewer places that tell."""


def of_model(content: bytes, command: tuple[str, ...], note: str) -> Case:
    """A command on a model that lies alone in its folder."""
    return Case(command, {"m.onnx": content}, note)


@st.composite
def models(draw: st.DrawFn) -> Case:
    """A model of ``models/``, or a small one, with damaged bytes or fields."""
    rng = random.Random(draw(st.integers(0, 2**64 - 1)))
    name = rng.choices(BASES, WEIGHTS)[0]
    change = rng.choice((damage.damaged, damage.misled))
    content = change(damage.models()[name], rng)
    return of_model(content, rng.choice(COMMANDS), f"{change.__name__} {name}")


@st.composite
def texts(draw: st.DrawFn) -> Case:
    """A model from ONNX text."""
    text = draw(st.one_of(chains(), chains(), anythings()).filter(lambda t: to_bytes(t)))
    return of_model(to_bytes(text) or b"", draw(st.sampled_from(COMMANDS)), text)


@st.composite
def data_sets(draw: st.DrawFn) -> Case:
    """A damaged or odd ``.npz`` file, or damaged pictures, beside an intact model."""
    rng = random.Random(draw(st.integers(0, 2**64 - 1)))
    match rng.randrange(4):
        case 0:
            return _beside({"d.npz": damage.odd_archive(rng)}, "d.npz", "odd archive")
        case 1:
            name = rng.choice(tuple(damage.pictures()))
            content = damage.damaged(damage.pictures()[name], rng)
            return _beside({f"d/{i}/a.{name}": content for i in range(4)}, "d", f"damaged {name}")
    name = rng.choice(tuple(damage.archives()))
    model = "digits_resnet.onnx" if name == damage.DATA else "tiny.onnx"
    content = damage.damaged(damage.archives()[name], rng)
    return _beside({"d.npz": content}, "d.npz", f"damaged {name}", model)


def _beside(files: dict[str, bytes], data: str, note: str, model: str = "tiny.onnx") -> Case:
    commands: tuple[tuple[str, ...], ...] = (
        ("run", "m.onnx", "--data", data, *CHEAP, *ALONE, "--json", REPORT),
        ("harden", "m.onnx", "--data", data, "--method", "ranger", "-o", HARDENED),
    )
    command = commands[len(note) % 3 == 0]
    return Case(command, {"m.onnx": damage.models()[model].content, **files}, note)


FAMILIES = {"models": models, "texts": texts, "data_sets": data_sets}
SHARES = {"models": 0.42, "texts": 0.42, "data_sets": 0.16}
"""What part of all cases each family gets."""
