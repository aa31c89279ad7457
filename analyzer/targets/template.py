"""The text of a target that is to be filled in."""

from pathlib import Path

TEMPLATE = Path(__file__).parent / "template.toml"


def template_text(name: str) -> str:
    """A target without figures, with a line about every field.

    Args:
        name: of the target.
    """
    quoted = name.replace("\\", "").replace('"', "")
    return TEMPLATE.read_text("utf-8").replace("NAME", quoted)
