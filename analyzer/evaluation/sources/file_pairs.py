"""Files of one image in several folders, told by the same name."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from analyzer.errors import BadData, FileMissing
from analyzer.evaluation.sources.folder_tree import name_some


def match_files(
    files: Sequence[str], others: Sequence[str], root: Path, what: str
) -> tuple[str, ...]:
    """The partner of each file: of the same path without the suffix, else of the same stem.

    Args:
        files: paths in a folder, with slashes.
        others: paths in another.
        root: the other folder, for messages.
        what: name of a partner, like ``mask``.

    Raises:
        FileMissing: some files have none.
        BadData: a stem is that of several.

    >>> match_files(["a/1.jpg", "2.jpg"], ["1.png", "2.png"], Path("masks"), "mask")
    ('1.png', '2.png')
    """
    by_path: dict[str, list[str]] = {}
    by_stem: dict[str, list[str]] = {}
    for other in others:
        pure = PurePosixPath(other)
        by_path.setdefault(str(pure.with_suffix("")), []).append(other)
        by_stem.setdefault(pure.stem, []).append(other)
    found, missing = [], []
    for file in files:
        pure = PurePosixPath(file)
        several = by_path.get(str(pure.with_suffix(""))) or by_stem.get(pure.stem) or []
        if len(several) > 1:
            raise BadData(f"{file} has several {what}s in {root}: {name_some(several)}")
        found += several
        missing += [] if several else [file]
    if missing:
        raise FileMissing(
            f"{len(missing):,} of {len(files):,} images have no {what} of the same name in {root}: "
            f"{name_some(missing)}"
        )
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise BadData(f"{what} {root / twice} belongs to several images; names must differ")
    return tuple(found)
