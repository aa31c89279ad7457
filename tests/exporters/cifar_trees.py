"""Tiny copies of CIFAR-10 in the forms in which it is published."""

import pickle
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analyzer.evaluation.sources.cifar import IMAGE_BYTES, PUBLISHED
from exporters.datasets.cifar10 import Subset

FILES = {Subset(part): files for part, files in PUBLISHED[0].parts.items()}

PER_BATCH = 3

Batches = dict[str, tuple[npt.NDArray[np.uint8], list[int]]]


def batches(seed: int = 0) -> Batches:
    """File name -> rows, uint8 (3, 3072), color by color, and labels."""
    rng = np.random.default_rng(seed)
    names = [*FILES[Subset.TRAIN], *FILES[Subset.TEST]]
    return {
        name: (
            rng.integers(256, size=(PER_BATCH, IMAGE_BYTES), dtype=np.uint8),
            rng.integers(10, size=PER_BATCH).tolist(),
        )
        for name in names
    }


def write_binary(folder: Path, content: Batches) -> Path:
    """The tree of the binary version below ``folder``."""
    target = folder / "cifar-10-batches-bin"
    target.mkdir(parents=True)
    for name, (rows, labels) in content.items():
        both = np.hstack([np.array(labels, np.uint8)[:, None], rows])
        (target / f"{name}.bin").write_bytes(both.tobytes())
    return target


def write_python(folder: Path, content: Batches, protocol: int = 2) -> Path:
    """The tree of the Python version below ``folder``, pickled as Python 3 does."""
    target = folder / "cifar-10-batches-py"
    target.mkdir(parents=True)
    for name, (rows, labels) in content.items():
        entries = {"batch_label": name, "labels": labels, "data": rows, "filenames": ["a.png"]}
        (target / name).write_bytes(pickle.dumps(entries, protocol=protocol))
    return target


def python2_pickle(rows: npt.NDArray[np.uint8], labels: list[int]) -> bytes:
    """The same in the form that Python 2 and its numpy gave a pickle of protocol 2.

    Keys and contents of arrays are byte strings, and numpy's function has its name of that time.
    """
    raw: bytes = rows.tobytes()
    array: bytes = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR("
        + b"K\x01(K"
        + bytes([len(rows)])
        + b"M"
        + rows.shape[1].to_bytes(2, "little")
        + b"tcnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        + b"K\x00tb\x89T"
        + len(raw).to_bytes(4, "little")
        + raw
        + b"tb"
    )
    listed: bytes = b"(" + b"".join(b"K" + bytes([label]) for label in labels) + b"l"
    return b"\x80\x02}(U\x04data" + array + b"U\x06labels" + listed + b"u."
