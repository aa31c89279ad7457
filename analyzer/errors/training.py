"""Errors of training a network."""

from analyzer.errors.tree import InputError


class TrainingError(InputError):
    """A training that cannot be done, or gone on with."""

    slug = "training"


class TrainingDiverged(TrainingError):
    """A loss, a weight or a figure became NaN or infinite."""

    slug = "training-diverged"


class BadTrainingState(TrainingError):
    """The checkpoint of another training, or one that cannot be read."""

    slug = "bad-training-state"
