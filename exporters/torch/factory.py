"""A user's own network: a function, class or object in a Python file or module."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from analyzer.did_you_mean import meant
from analyzer.errors import BadNetwork, BadOption, short
from exporters.torch.optional_package import need
from exporters.torch.source import Source, SourceKind, module_file

if TYPE_CHECKING:
    from torch import nn

CLASSES = "num_classes"
"""The parameter of a factory that ``--classes`` sets."""

FAILURES = (Exception, SystemExit)
"""What somebody else's code may raise, scripts that end themselves included."""


def build_own(source: Source, classes: int | None, seed: int) -> nn.Module:
    """Import a module, which runs it, and make the network.

    Args:
        source: A Python file or module, and a name in it: a function or class that is called
            without arguments, or a network itself.
        classes: Passed on as ``num_classes``; None: not passed.
        seed: Of torch's random numbers, set before the network is made.

    Raises:
        BadNetwork: The module cannot be imported, has no such name, or that makes no network.
        BadOption: ``classes`` is given and the factory does not take it.
    """
    torch = need("torch")
    torch.manual_seed(seed)
    module = load_module(source)
    if not hasattr(module, source.name):
        names = [name for name in vars(module) if not name.startswith("_")]
        raise BadNetwork(f"{source.place} has no {source.name}{meant(source.name, names)}")
    made = make(getattr(module, source.name), source, classes, torch.nn.Module)
    if not isinstance(made, torch.nn.Module):
        raise BadNetwork(f"{source} gives a {type(made).__name__}, not a torch.nn.Module")
    return made


def make(factory: object, source: Source, classes: int | None, finished: type) -> object:
    """Call a factory; a finished network is handed on as it is.

    Args:
        factory: a function, a class, or a finished network.
        source: its name, for messages.
        classes: passed on as ``num_classes``; None: not passed.
        finished: type of finished networks.

    Raises:
        BadNetwork: ``factory`` is not callable, or fails.
        BadOption: ``classes`` is given and the factory does not take it.
    """
    if isinstance(factory, finished):
        if classes is not None:
            raise BadOption(f"--classes: {source} is a finished network, not a factory")
        return factory
    if not callable(factory):
        raise BadNetwork(
            f"{source} is a {type(factory).__name__}; name a function or class that makes the "
            "network"
        )
    if classes is not None and not _takes(factory, CLASSES):
        raise BadOption(f"--classes: {source} has no parameter {CLASSES}; leave --classes out")
    try:
        return factory() if classes is None else factory(**{CLASSES: classes})
    except FAILURES as error:
        raise BadNetwork(f"{source} fails: {_told(error)}") from error


def load_module(source: Source) -> ModuleType:
    """Imports a module by path or name; its own folder, or the working one, is searched first.

    Raises:
        BadNetwork: It is not there, or fails when it is run.
    """
    try:
        if source.kind is SourceKind.FILE:
            return _from_file(module_file(source.place))
        sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(source.place)
    except BadNetwork:
        raise
    except ModuleNotFoundError as error:
        raise BadNetwork(f"{source.place} cannot be imported: no module {error.name}") from error
    except FAILURES as error:
        raise BadNetwork(f"{source.place} cannot be imported: {_told(error)}") from error


def _from_file(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.resolve().parent))
    name = f"relcheck_source_{path.stem}"  # a file may be called like a package in use
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadNetwork(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # classes look their module up
    spec.loader.exec_module(module)
    return module


def _takes(factory: object, name: str) -> bool:
    """True if a callable takes ``name`` as a keyword; some built-in ones do not tell."""
    assert callable(factory)
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.name == name or p.kind is p.VAR_KEYWORD for p in parameters)


def _told(error: BaseException) -> str:
    """An error of somebody else's code, on one line."""
    return short(f"{type(error).__name__} ({' '.join(str(error).split())})")
