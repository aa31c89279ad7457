"""COCO's mean average precision of a data set, by the reference library `pycocotools`."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.errors import PackageMissing
from analyzer.evaluation.rules.detection.average_precision import PAD, BoxLabels
from analyzer.evaluation.rules.detection.boxes import Detections


@dataclass(frozen=True, slots=True)
class CocoPrecision:
    """COCO's figures, pooled over all images; NaN where no box is labelled.

    Attributes:
        mean: AP averaged over IoU 0.50, 0.55, ..., 0.95 ("mAP").
        at50: AP at IoU 0.50.
        at75: AP at IoU 0.75.
    """

    mean: float
    at50: float
    at75: float


def coco_precision(found: Sequence[Detections], labels: Sequence[BoxLabels]) -> CocoPrecision:
    """The figures of `pycocotools`, of which this package's extra ``detection`` is made.

    COCO ranks boxes with low scores as well: let the decision rule count boxes from a score of
    0.001 on where figures are compared with published ones.

    Args:
        found: boxes of each batch, in the order of `Detections.ordered`.
        labels: numbers (images, boxes, 5) of each batch; see `BoxLabels`.

    Raises:
        PackageMissing: pycocotools is not installed.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise PackageMissing(
            "COCO's average precision is computed by pycocotools, which is not installed; "
            "pip install 'relcheck-onnx[detection]'"
        ) from error
    truth, answers = _truth(labels), _answers(found, labels)
    if not truth["annotations"]:
        return CocoPrecision(float("nan"), float("nan"), float("nan"))
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints its progress
        data = COCO()
        data.dataset = truth
        data.createIndex()
        results = COCO()
        results.dataset = {**truth, "annotations": answers}
        results.createIndex()
        evaluation = COCOeval(data, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    mean, at50, at75 = (float(value) for value in evaluation.stats[:3])
    return CocoPrecision(mean, at50, at75)


def _truth(labels: Sequence[BoxLabels]) -> dict[str, Any]:
    """Labels as COCO's JSON has them; images are numbered through."""
    boxes: list[dict[str, Any]] = []
    images = [rows for batch in labels for rows in batch]
    for image, rows in enumerate(images):
        for row in rows[rows[:, 4] != PAD]:
            boxes.append(_annotation(len(boxes) + 1, image, row[:4], int(row[4])))
    numbers = sorted({box["category_id"] for box in boxes})
    return {
        "images": [{"id": image} for image in range(len(images))],
        "categories": [{"id": number} for number in numbers],
        "annotations": boxes,
    }


def _answers(found: Sequence[Detections], labels: Sequence[BoxLabels]) -> list[dict[str, Any]]:
    """Found boxes in the same form, with scores."""
    boxes: list[dict[str, Any]] = []
    before = 0
    for batch, rows in zip(found, labels, strict=True):
        columns = zip(batch.image, batch.boxes, batch.classes, batch.scores, strict=True)
        for image, box, number, score in columns:
            row = _annotation(len(boxes) + 1, before + int(image), box, int(number))
            boxes.append({**row, "score": float(score)})
        before += len(rows)
    return boxes


def _annotation(number: int, image: int, box: Any, category: int) -> dict[str, Any]:
    x1, y1, x2, y2 = (float(np.nan_to_num(v)) for v in box)
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": (x2 - x1) * (y2 - y1),
        "iscrowd": 0,
    }
