"""Scores of sequences by labels: all tokens right, and the share of them that is."""

import numpy as np
import numpy.typing as npt

from analyzer.evaluation.rules.pixel_scores import UNITS, Scores
from analyzer.evaluation.rules.sequences import PAD, Tokens, padded

Ints = npt.NDArray[np.int64]


def lengths(tokens: Tokens) -> Ints:
    """Tokens before the padding: int64 (images,).

    >>> lengths(np.array([[4, 5, -1], [-1, -1, -1]])).tolist()
    [2, 0]
    """
    there = tokens != PAD
    last = tokens.shape[1] - there[:, ::-1].argmax(axis=1) if tokens.shape[1] else 0
    return np.where(there.any(axis=1), last, 0).astype(np.int64)


def edit_distances(answers: Tokens, labels: Tokens) -> Ints:
    """Insertions, deletions and replacements that make the label of the answer, at least.

    The table of Wagner and Fischer (1974), a row at a time for all images: insertions along a row
    are a running minimum.

    Args:
        answers: int64 (images, length), padded with `PAD`.
        labels: int64 (images, other length), likewise.

    Returns:
        int64 (images,).

    >>> edit_distances(np.array([[1, 2, 3]]), np.array([[1, 3, -1]])).tolist()
    [1]
    """
    images, size = len(labels), labels.shape[1]
    columns = np.arange(size + 1)
    row = np.tile(columns, (images, 1))
    found, rows = np.zeros(images, np.int64), lengths(answers)
    ends = lengths(labels)
    every = np.arange(images)
    found[rows == 0] = row[every, ends][rows == 0]
    for step in range(int(rows.max(initial=0))):
        replaced = row[:, :-1] + (answers[:, step, None] != labels)
        grown = row + 1
        grown[:, 1:] = np.minimum(grown[:, 1:], replaced)
        row = np.minimum.accumulate(grown - columns, axis=1) + columns
        last = rows == step + 1
        found[last] = row[every, ends][last]
    return found


def exact_scores(answers: Tokens, labels: Tokens) -> Scores:
    """1 for each image all of whose tokens are right, else 0: int64 (images,).

    Args:
        answers: int64 (images, length), padded with `PAD`.
        labels: int64 (images, other length), likewise.
    """
    length = max(answers.shape[1], labels.shape[1])
    right: Scores = (padded(answers, length) == padded(labels, length)).all(axis=1).astype(np.int64)
    return right


def token_scores(answers: Tokens, labels: Tokens) -> Scores:
    """1 less the token error rate of each image, at least 0.

    The token error rate (character error rate, where tokens are characters) is the edit distance
    over the length of the label. That of a data set is usually pooled over all tokens; the mean of
    these scores gives each image one weight, however long its label is. An image with an empty
    label scores 1 if the answer is empty, else 0.

    Args:
        answers: int64 (images, length), padded with `PAD`.
        labels: int64 (images, other length), likewise.

    Returns:
        int64 (images,), in units of 1 / `UNITS`, rounded.
    """
    wrong, size = edit_distances(answers, labels), lengths(labels)
    share = np.where(size > 0, 1 - wrong / np.maximum(size, 1), wrong == 0)
    scores: Scores = np.rint(np.maximum(share, 0) * UNITS).astype(np.int64)
    return scores
