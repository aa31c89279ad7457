"""Augmented views: `view.py` describes one, `draw.py` draws it, with `operations.py`."""
