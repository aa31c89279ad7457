"""The options of deployment targets."""

from typing import Annotated

import typer

from analyzer.cli.option_forms import switch

Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="TARGET",
        show_default=False,
        rich_help_panel="What happens",
        help="A deployment target: FILE.toml, or a name of `relcheck target list`. Gates are then "
        "like 'sdc_fit <= 10'.",
    ),
]

Exhaustive = Annotated[
    bool | None,
    switch("--exhaustive", "With --target: run every event on every image; figures are exact."),
]
