"""Scripts that make the demo models; nothing in the tool itself imports them."""
