"""Two sets of boxes say the same if each box has a partner of its own in the other set."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from analyzer.evaluation.rules.detection.boxes import Bools, Detections, overlap


def images_that_differ(golden: Detections, found: Detections, images: int, iou: float) -> Bools:
    """Tell the images in which a box appeared, vanished, moved away or changed its class.

    Partners have one class and overlap by at least ``iou``. An image is the same if all boxes of
    both sets have partners, each its own.

    Args:
        golden: boxes without faults, in the order of `Detections.ordered`.
        found: those under faults, likewise.
        images: of the batch.
        iou: from 0 (not included) to 1.

    Returns:
        bool (images,).
    """
    before, after = golden.counts(images), found.counts(images)
    differ = before != after
    same_size = ~differ & (before > 0)
    first, second = (
        golden.chosen(same_size[golden.image]),
        found.chosen(same_size[found.image]),
    )
    # Mostly the order by score is kept, and partners are found at equal places.
    partners = (first.classes == second.classes) & (overlap(first.boxes, second.boxes) >= iou)
    unsettled = np.zeros(images, bool)
    unsettled[first.image[~partners]] = True
    for image in np.flatnonzero(unsettled):
        differ[image] = not all_have_partners(golden.of(int(image)), found.of(int(image)), iou)
    return np.asarray(differ)


def all_have_partners(first: Detections, second: Detections, iou: float) -> bool:
    """True if the boxes of one image can be paired completely.

    By a maximum matching of the bipartite graph of possible partners (Hopcroft and Karp, 1973).

    Args:
        first: boxes of the image.
        second: as many others of the same image.
        iou: as in `images_that_differ`.
    """
    possible = (first.classes[:, None] == second.classes) & (
        overlap(first.boxes[:, None], second.boxes) >= iou
    )
    if not (possible.any(axis=1).all() and possible.any(axis=0).all()):
        return False
    return bool((maximum_bipartite_matching(csr_array(possible)) >= 0).all())
