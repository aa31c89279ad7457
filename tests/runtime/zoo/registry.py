"""What a model of the zoo is, and what its builders are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.faults.elements import Values
from analyzer.runtime.layout.layout import Route
from tests.support import parse_model, with_initializers


@dataclass(frozen=True)
class Case:
    """One model of the zoo.

    Attributes:
        name: Its builder's.
        build: Makes its proto.
        routes: Tensor -> expected route. Tensors that are not named here are changed in place,
            except those of one element, which are always loaded anew.
        quiet: Tensors in which the few upsets that tests try may all be masked.
    """

    name: str
    build: Callable[[], onnx.ModelProto]
    routes: Mapping[str, Route]
    quiet: frozenset[str]

    def route(self, name: str, elements: int) -> Route:
        """The route that a tensor must take."""
        return self.routes.get(name, Route.RELOAD if elements == 1 else Route.IN_PLACE)


ZOO: dict[str, Case] = {}

Builder = Callable[[], onnx.ModelProto]


def case(
    *, reload: str = "", no_effect: str = "", recomputed: str = "", quiet: str = ""
) -> Callable[[Builder], Builder]:
    """Enter a builder into the zoo; tensors by name, separated by spaces."""

    def enter(build: Builder) -> Builder:
        routes = dict.fromkeys(reload.split(), Route.RELOAD)
        routes |= dict.fromkeys(no_effect.split(), Route.NO_EFFECT)
        routes |= dict.fromkeys(recomputed.split(), Route.RECOMPUTED)
        name = build.__name__
        ZOO[name] = Case(name, build, routes, frozenset(quiet.split()))
        return build

    return enter


def model(
    inputs: str, outputs: str, body: str, values: Mapping[str, Values], opset: int = 17
) -> onnx.ModelProto:
    """A model from the ONNX text of its nodes, with these initializers."""
    version = 10 if opset >= 21 else 8
    head = f'<ir_version: {version}, opset_import: ["" : {opset}, "com.microsoft" : 1]>'
    return with_initializers(
        parse_model(f"{head} net ({inputs}) => ({outputs}) {{ {body} }}"), values
    )


def normal(*shape: int, dtype: npt.DTypeLike = np.float32, seed: int = 0) -> Values:
    """Normal values of standard deviation 1/2, none of them special."""
    rng = np.random.default_rng([seed, *shape])
    return np.asarray(rng.standard_normal(shape) / 2, dtype)


def positive(*shape: int, dtype: npt.DTypeLike = np.float32, seed: int = 0) -> Values:
    """Values between 0.1 and 1.1."""
    return np.asarray(0.1 + np.random.default_rng([seed, *shape]).random(shape), dtype)


def integers(
    *shape: int, dtype: npt.DTypeLike = np.int8, low: int = -100, high: int = 100
) -> Values:
    """Integers in ``low .. high - 1``."""
    return np.random.default_rng([*shape, 1]).integers(low, high, shape).astype(dtype)


def one(value: float, dtype: npt.DTypeLike = np.float32) -> Values:
    """A scalar."""
    return np.array(value, dtype)


def ramp(count: int, low: float = 0.01, high: float = 0.02) -> Values:
    """``count`` float32 scales between ``low`` and ``high``."""
    return np.linspace(low, high, count, dtype=np.float32)
