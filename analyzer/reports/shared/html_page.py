"""Pages of HTML: self-contained, every text in them escaped."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from analyzer.faults.rates import show_rate
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.terminal_text import one_line


def render(name: str, **values: Any) -> str:
    """The page that a template makes of ``values``, with the style that all pages share."""
    return _template(name).render(style=Markup(_resource("style.css").rstrip()), **values)


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
        "shown": one_line,
        "rate": show_rate,
    }
    return environment.get_template(name)


@cache
def _resource(name: str) -> str:
    return files("analyzer.reports").joinpath(f"templates/{name}").read_text("utf-8")
