"""The command ``relcheck``."""

import sys

from relcheck_onnx.foreign import REMEDY, SLUG, beside_us, in_our_place

USAGE = 2
"""Exit code for an error that the user can mend."""


def entry() -> None:
    """Run the command line, unless a package of somebody else is in our place."""
    if sentence := in_our_place():
        print(f"relcheck: {sentence} [{SLUG}]", file=sys.stderr)
        sys.exit(USAGE)
    for name in beside_us():
        print(
            f"relcheck: note: {name} is installed here, too, and has a name in common with "
            f"relcheck: to update or remove it may break relcheck; {REMEDY}",
            file=sys.stderr,
        )
    from analyzer.cli.guard import entry as guarded

    guarded()
