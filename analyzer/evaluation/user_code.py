"""Functions that a user wrote, named as ``module.py:function``; workers get their source text."""

import builtins
import hashlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from analyzer.errors import BadOption, quoted, short


@dataclass(frozen=True)
class UserFunction:
    """A function in a Python file.

    Attributes:
        place: The file.
        name: Of the function, or of a class that is called without arguments.
        source: The text of the file, which workers run anew.
    """

    place: Path
    name: str
    source: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.source.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def shown(self) -> str:
        """Name in reports, without folders."""
        return f"{self.place.name}:{self.name}"

    def __getstate__(self) -> dict[str, Any]:
        """The fields: functions themselves cannot be sent."""
        return {"place": self.place, "name": self.name, "source": self.source}

    def load(self) -> Callable[..., Any]:
        """The function.

        Raises:
            BadOption: the file cannot be run, or holds no such function.
        """
        module = _module(str(self.place), self.source)
        found: Callable[..., Any] | None = getattr(module, self.name, None)
        if found is None or not callable(found):
            raise BadOption(f"{self.place} holds no function {quoted(self.name)}")
        return found

    def call(self, *arguments: Any) -> Any:
        """The function's result.

        Raises:
            BadOption: the function raises something.
        """
        try:
            return self.load()(*arguments)
        except BadOption:
            raise
        except Exception as error:  # whatever a user's code raises
            raise BadOption(
                f"{self.shown} raises {type(error).__name__}: {short(str(error))}"
            ) from error


def is_user_code(text: str) -> bool:
    """True for ``module.py:function``."""
    return ".py:" in text


def user_function(text: str, flag: str) -> UserFunction:
    """The function behind ``module.py:function``.

    Args:
        text: as the user wrote it.
        flag: that names it, for messages.

    Raises:
        BadOption: the file is not there, cannot be run, or holds no such function.
    """
    place, _, name = text.rpartition(":")
    path = Path(place)
    try:
        source = path.read_text("utf-8", "surrogateescape")
    except OSError as error:
        raise BadOption(f"--{flag} {text}: {path} cannot be read: {error.strerror}") from error
    found = UserFunction(path.resolve(), name, source)
    found.load()
    return found


def function_text(given: Any, flag: str) -> Any:
    """``module.py:function`` of a Python function, or of such a text, with the whole path.

    Anything else passes as it is.

    Args:
        given: of a keyword of the Python API.
        flag: the keyword.

    Raises:
        BadOption: the function is not at the top of a file, so that workers could not load it.
    """
    if isinstance(given, str) and is_user_code(given):
        place, _, name = given.rpartition(":")
        return f"{Path(place).resolve()}:{name}"  # a journal is resumed from anywhere
    if not callable(given):
        return given
    name = getattr(given, "__qualname__", "")
    try:
        file = inspect.getsourcefile(given)
    except TypeError:
        file = None
    if not file or not Path(file).is_file() or not name.isidentifier():
        raise BadOption(
            f"{flag}: {name or type(given).__name__} is no function at the top of a Python file, "
            "and workers run the file; write it there"
        )
    return f"{file}:{name}"


@cache
def _module(place: str, source: str) -> ModuleType:
    """The module that a file's text makes; its neighbours can be imported meanwhile."""
    module = ModuleType(Path(place).stem)
    module.__file__ = place
    folder = str(Path(place).parent)
    sys.path.insert(0, folder)
    try:
        builtins.exec(compile(source, place, "exec"), module.__dict__)
    except Exception as error:  # whatever a user's code raises
        raise BadOption(
            f"{place} cannot be run: {type(error).__name__}: {short(str(error))}"
        ) from error
    finally:
        sys.path.remove(folder)
    return module
