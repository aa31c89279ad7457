"""The option that names a deployment target."""

from typing import Annotated

import typer

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
