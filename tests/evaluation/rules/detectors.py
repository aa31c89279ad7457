"""Detectors by every convention: the same boxes, laid out in each way."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.evaluation.rules.facts import OutputFacts
from tests.evaluation.rules.slow import Found

SIDE, CLASSES = 96, 3
CELLS = 144 + 36 + 9
"""Cells of strides 8, 16 and 32."""

Images = Sequence[Sequence[Found]]
Array = npt.NDArray[np.float32]


def center(box: Sequence[float]) -> list[float]:
    x1, y1, x2, y2 = box
    return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]


def _anchors(images: Images, numbers: int, background: Sequence[float]) -> Array:
    """(images, cells, numbers): nothing but background."""
    return np.tile(np.array(background, np.float32)[:numbers], (len(images), CELLS, 1))


def _fill(images: Images, rows: Array, row_of: Callable[[Found, int], Sequence[float]]) -> Array:
    """Boxes spread over the anchors."""
    for i, found in enumerate(images):
        for place, one in enumerate(found):
            anchor = 7 * place + 3
            rows[i, anchor] = row_of(one, anchor)
    return rows


def one_hot(found: Found, score: float, rest: float = 0.01) -> list[float]:
    return [score if c == found.number else rest for c in range(CLASSES)]


def facts(images: Images, **outputs: npt.NDArray[Any]) -> OutputFacts:
    shape = (len(images), 3, SIDE, SIDE)
    return OutputFacts(tuple(outputs), tuple(outputs.values()), len(images), (), shape)


EMPTY = [8.0, 8.0, 4.0, 4.0]


def yolov8(images: Images) -> OutputFacts:
    rows = _anchors(images, 4 + CLASSES, [*EMPTY, 0, 0, 0])
    _fill(images, rows, lambda f, _: [*center(f.box), *one_hot(f, f.score)])
    return facts(images, output0=rows.transpose(0, 2, 1))


def yolov8_transposed(images: Images) -> OutputFacts:
    """Told from YOLOv5 by scores: where the first class is likely, the others are not."""
    found = yolov8(images)
    return facts(images, output0=found.outputs[0].transpose(0, 2, 1))


def yolov8_masks(images: Images) -> OutputFacts:
    found = yolov8(images).outputs[0]
    coefficients = np.random.default_rng(0).normal(size=(len(images), 8, CELLS))
    rows = np.concatenate([found, coefficients.astype(np.float32)], axis=1)
    return facts(images, output0=rows, output1=np.zeros((len(images), 8, 24, 24), np.float32))


def yolov5(images: Images) -> OutputFacts:
    rows = _anchors(images, 5 + CLASSES, [*EMPTY, 0, 0.5, 0.5, 0.5])
    _fill(images, rows, lambda f, _: [*center(f.box), f.score / 0.99, *one_hot(f, 0.99)])
    return facts(images, output=rows)


def yolox(images: Images) -> OutputFacts:
    def row(f: Found, anchor: int) -> list[float]:
        assert anchor < 144, "the first grid holds them"
        x, y, width, height = center(f.box)
        return [
            x / 8 - anchor % 12,
            y / 8 - anchor // 12,
            np.log(width / 8),
            np.log(height / 8),
            f.score / 0.99,
            *one_hot(f, 0.99),
        ]

    rows = _anchors(images, 5 + CLASSES, [0.5, 0.5, -1, -1, 0, 0, 0, 0])
    return facts(images, output=_fill(images, rows, row))


def pair_corners(images: Images) -> OutputFacts:
    boxes = _anchors(images, 4, [1, 1, 2, 2])
    scores = _anchors(images, CLASSES, [0, 0, 0])
    _fill(images, boxes, lambda f, _: f.box)
    _fill(images, scores, lambda f, _: one_hot(f, f.score))
    return facts(images, boxes=boxes, scores=scores)


def pair_background(images: Images) -> OutputFacts:
    """As SSD: centers, probabilities, class 0 for none. Classes count from 1."""
    boxes = _anchors(images, 4, [50, 50, 2, 2])
    scores = _anchors(images, CLASSES + 1, [1, 0, 0, 0])
    _fill(images, boxes, lambda f, _: center(f.box))
    _fill(images, scores, lambda f, _: [0.98 - f.score, *one_hot(f, f.score)])
    return facts(images, confidences=scores, boxes=boxes[:, :, None])


def _queries(
    images: Images, numbers: int, logits: Callable[[Found], Sequence[float]]
) -> OutputFacts:
    boxes = _anchors(images, 4, [0.5, 0.5, 0.1, 0.1])
    scores = _anchors(images, numbers, [-9, -9, -9, 5])
    _fill(images, boxes, lambda f, _: [v / SIDE for v in center(f.box)])
    _fill(images, scores, lambda f, _: logits(f))
    return facts(images, logits=scores, pred_boxes=boxes)


def detr(images: Images) -> OutputFacts:
    """Probability p of one class and 1 - p of none."""

    def row(f: Found) -> list[float]:
        return [np.log(v) for v in [*one_hot(f, f.score, 1e-9), 1 - f.score]]

    return _queries(images, CLASSES + 1, row)


def rt_detr(images: Images) -> OutputFacts:
    def row(f: Found) -> list[float]:
        return one_hot(f, float(np.log(f.score / (1 - f.score))), -9)

    return _queries(images, CLASSES, row)


def yolov10(images: Images) -> OutputFacts:
    rows = np.zeros((len(images), 20, 6), np.float32)
    for i, found in enumerate(images):
        for place, f in enumerate(sorted(found, key=lambda f: -f.score)):
            rows[i, place] = [*f.box, f.score, f.number]
    return facts(images, output0=rows)


def _columns(images: Images) -> tuple[Array, Array, Array, npt.NDArray[np.int64]]:
    rows = yolov10(images).outputs[0]
    counts = np.array([len(found) for found in images])
    return rows[..., :4], rows[..., 4], rows[..., 5], counts


def tensorflow(images: Images) -> OutputFacts:
    boxes, scores, classes, counts = _columns(images)
    return facts(
        images,
        detection_boxes=boxes[..., [1, 0, 3, 2]],
        detection_classes=classes,
        detection_scores=scores,
        num_detections=counts.astype(np.float32),
    )


def tensorrt(images: Images) -> OutputFacts:
    """What lies behind the number of boxes is left over from before: it does not count."""
    boxes, scores, classes, counts = _columns(images)
    junk = np.arange(20) >= counts[:, None]
    return facts(
        images,
        num_dets=counts[:, None].astype(np.int32),
        det_boxes=boxes,
        det_scores=np.where(junk, np.float32(0.9), scores),
        det_classes=classes.astype(np.int32),
    )


def mmdetection(images: Images) -> OutputFacts:
    boxes, scores, classes, _ = _columns(images)
    dets = np.concatenate([boxes, scores[..., None]], axis=2)
    return facts(images, dets=dets, labels=classes.astype(np.int64))


def end_to_end(images: Images) -> OutputFacts:
    rows = [[i, *f.box, f.number, f.score] for i, found in enumerate(images) for f in found]
    return facts(images, output=np.array(rows, np.float32).reshape(-1, 7))


def end_to_end_alone(images: Images) -> OutputFacts:
    """The table is the whole answer to the one image."""
    return facts(images, output=end_to_end(images).outputs[0][None])


def paddle(images: Images) -> OutputFacts:
    rows = [[f.number, f.score, *f.box] for found in images for f in found]
    counts = np.array([len(found) for found in images], np.int32)
    return facts(images, dets=np.array(rows, np.float32).reshape(-1, 6), bbox_num=counts)


def torchvision(images: Images) -> OutputFacts:
    """Of one image, without padding: the number of boxes varies."""
    (found,) = images
    return facts(
        images,
        boxes=np.array([f.box for f in found], np.float32).reshape(1, -1, 4),
        labels=np.array([[f.number for f in found]], np.int64),
        scores=np.array([[f.score for f in found]], np.float32),
    )


MAKERS: dict[str, tuple[str, Callable[[Images], OutputFacts]]] = {
    "YOLOv8": ("yolov8", yolov8),
    "YOLOv8 transposed": ("yolov8", yolov8_transposed),
    "YOLOv8 with masks": ("yolov8", yolov8_masks),
    "YOLOv5": ("yolov5", yolov5),
    "YOLOX": ("yolox", yolox),
    "corners and scores": ("boxes-scores", pair_corners),
    "centers and probabilities with background": ("boxes-scores", pair_background),
    "DETR": ("detr", detr),
    "RT-DETR": ("rt-detr", rt_detr),
    "YOLOv10": ("yolov10", yolov10),
    "TensorFlow": ("detections", tensorflow),
    "TensorRT": ("detections", tensorrt),
    "MMDetection": ("detections", mmdetection),
    "YOLOv7 end to end": ("end-to-end", end_to_end),
    "YOLOv7 end to end, one image": ("end-to-end", end_to_end_alone),
    "PaddleDetection": ("paddle", paddle),
    "torchvision": ("detections", torchvision),
}
"""Export -> name of its convention, and its outputs for given boxes."""
