"""The options of deployment targets."""

from typing import Annotated

from analyzer.cli.option_forms import FAULTS, option, switch

Target = Annotated[
    str | None,
    option(
        FAULTS,
        "TARGET",
        "A deployment target: FILE.toml, or a name of `relcheck target list`. Gates are then like "
        "'sdc_fit <= 10'.",
    ),
]

Exhaustive = Annotated[
    bool | None,
    switch("--exhaustive", "With --target: run every event on every image; figures are exact."),
]
