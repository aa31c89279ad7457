"""Pages of HTML: self-contained, every text in them escaped."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from analyzer.faults.rates import show_rate
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.left_out import left_out_sentences
from analyzer.reports.shared.terminal_text import one_line


def render(name: str, **values: Any) -> str:
    """The page that a template makes of ``values``, with the style that all pages share."""
    return _template(name).render(style=Markup(_resource("style.css").rstrip()), **values)


def css_string(text: str) -> Markup:
    r"""Text as it may stand between double quotes in CSS within a page.

    >>> print(css_string('REL "7" a'))
    REL \22 7\22  a
    """
    plain = one_line(text)
    return Markup("".join(c if c.isalnum() or c in " .-_:" else f"\\{ord(c):x} " for c in plain))


@cache
def _template(name: str) -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        loader=FunctionLoader(_resource),
    )
    environment.filters |= {
        "percent": figures.percent,
        "estimate": figures.estimate,
        "bounds": figures.bounds,
        "flips": figures.flips,
        "si": figures.si,
        "size": figures.size,
        "runtime": figures.runtime,
        "left_out": left_out_sentences,
        "shown": one_line,
        "rate": show_rate,
        "images_per_run": figures.images_per_run,
        "css": css_string,
    }
    return environment.get_template(name)


@cache
def _resource(name: str) -> str:
    return files("analyzer.reports").joinpath(f"templates/{name}").read_text("utf-8")
