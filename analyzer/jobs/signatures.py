"""Signatures of the Python API: functions that take ``**options`` show each of their keywords."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def takes(keywords: type[Mapping[str, Any]]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Show the keywords of a function that takes ``**options`` in its signature.

    Args:
        keywords: the `TypedDict` of ``options``.
    """
    shown = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in keywords.__annotations__.items()
    ]

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **options: P.kwargs) -> R:
            return function(*args, **options)

        own = inspect.signature(function)
        kept = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        call.__signature__ = own.replace(parameters=[*kept, *shown])  # type: ignore[attr-defined]
        return call

    return decorate
