"""The option that names a deployment target."""

from typing import Annotated

from analyzer.cli.option_forms import FAULTS, option

Target = Annotated[
    str | None,
    option(
        FAULTS,
        "TARGET",
        "A deployment target: FILE.toml, or a name of `relcheck target list`. Gates are then like "
        "'sdc_fit <= 10'.",
    ),
]
