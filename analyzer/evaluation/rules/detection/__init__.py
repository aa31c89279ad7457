"""Decisions of detectors: the boxes that are found, and when they are others.

`boxes.py` holds boxes of a batch, `nms.py` suppresses the lesser of those that overlap,
`matching.py` tells if two sets of boxes say the same. The conventions by which detectors answer are
a family: `convention.py` is its protocol, `conventions.py` its list, `recognition.py` finds the
member from a model's outputs. `rule.py` is the decision rule, `average_precision.py` and `coco.py`
score boxes by labels.
"""
