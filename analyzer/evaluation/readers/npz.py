"""``.npz`` files: images, labels and further inputs, each under a key."""

from pathlib import Path

from analyzer.errors import BadOption
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.readers.archive import Archive
from analyzer.evaluation.readers.keyed import read_keyed
from analyzer.evaluation.readers.request import Request

OTHER_FILES = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"), "picture"),
    **dict.fromkeys((".tar", ".tgz", ".gz", ".7z", ".rar"), "packed"),
    **dict.fromkeys((".csv", ".tsv", ".txt"), "list"),
    **dict.fromkeys((".npy", ".h5", ".hdf5", ".mat", ".parquet", ".arrow", ".tfrecord"), "arrays"),
}

WHY_NOT = {
    "picture": "it is one picture; give the folder that it lies in",
    "packed": "unpack it, and give the folder",
    "list": "a list of labels goes to --labels, and the folder of its images to --data",
    "arrays": "save its arrays by numpy.savez('FILE.npz', images=..., labels=...)",
}


class NpzReader:
    """Reads keys ``images`` and, where present, ``labels``; further inputs under their names."""

    def refuses(self, path: Path) -> str:
        """The reason why a file is no archive of arrays; empty: it may be one."""
        return WHY_NOT.get(OTHER_FILES.get(path.suffix.lower(), ""), "")

    def read(self, path: Path, request: Request) -> Dataset:
        """Read the data set.

        Args:
            path: of the file.
            request: what is wanted.

        Raises:
            BadData: no such keys, empty, or damaged.
            TooLarge: it unpacks to more than a data set may be.
            DataMismatch: shapes or row counts do not fit.
            BadOption: a flag has no effect.
        """
        if request.labels is not None:
            raise BadOption(
                f"--labels is for folders of images; the labels of {path.name} stand in it, under "
                "the key 'labels'"
            )
        return read_keyed(Archive(path), DataKind.NPZ, path, request)
