"""Small data sets in every layout that is read, and what is in them."""

import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

Pixels = npt.NDArray[Any]
SIDE = 6


@dataclass(frozen=True)
class Tree:
    """A data set on disk, and what must be found in it."""

    path: Path
    images: list[Pixels]
    labels: list[int] | None = None
    masks: list[npt.NDArray[np.uint8]] | None = None
    classes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None
    """One that is read, to be damaged."""


def noise(*shape: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def picture(path: Path, seed: int, rows: int = SIDE, columns: int = SIDE) -> Pixels:
    """Write one picture, and return what anybody reads from it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = noise(rows, columns, 3, seed=seed)
    Image.fromarray(pixels).save(path)
    with Image.open(path) as found:
        return np.asarray(found.convert("RGB"))


def class_folders(root: Path) -> Tree:
    files = ["ant/1.png", "ant/2.jpg", "bee/deep/3.bmp", "cat/4.png"]
    images = [picture(root / "d" / f, i) for i, f in enumerate(files)]
    return Tree(
        root / "d", images, [0, 0, 1, 2], classes=("ant", "bee", "cat"), file=root / "d" / files[0]
    )


def flat_folder(root: Path) -> Tree:
    images = [picture(root / "d" / f"{i}.png", i, rows=5 + i) for i in range(3)]
    return Tree(root / "d", images, file=root / "d" / "0.png")


def listed(root: Path) -> Tree:
    """AiTLAS: no head, relative paths, names of classes; RSI-CB256 has brackets in its names."""
    files = ["forest/forest(917).tif", "city/city(1).tif", "city/city(2).tif"]
    images = [picture(root / "d" / f, i) for i, f in enumerate(files)]
    picture(root / "d" / "city/unused.tif", 9)
    (root / "test.csv").write_text("".join(f"{f},{f.partition('/')[0]}\n" for f in files))
    return Tree(
        root / "d",
        [images[1], images[2], images[0]],
        [0, 0, 1],
        classes=("city", "forest"),
        options={"labels": root / "test.csv"},
        file=root / "d" / files[0],
    )


def imagenet(root: Path) -> Tree:
    for part in ("train", "val"):
        for number, wnid in enumerate(("n01440764", "n01443537")):
            image = picture(root / "d" / part / wnid / f"{part}_{number}.JPEG", number)
            if part == "val":
                last = image
    first = picture(root / "d" / "val" / "n01440764" / "val_0.JPEG", 0)
    return Tree(
        root / "d",
        [first, last],
        [0, 1],
        classes=("n01440764", "n01443537"),
        options={"part": "val"},
        file=root / "d" / "val" / "n01440764" / "val_0.JPEG",
    )


def eurosat(root: Path) -> Tree:
    files = ["AnnualCrop/AnnualCrop_1.jpg", "River/River_7.jpg"]
    images = [picture(root / "d" / "eurosat" / "2750" / f, i) for i, f in enumerate(files)]
    return Tree(
        root / "d",
        images,
        [0, 1],
        classes=("AnnualCrop", "River"),
        file=root / "d" / "eurosat" / "2750" / files[0],
    )


def _cifar_images(count: int, seed: int) -> tuple[Pixels, Pixels]:
    """Rows as published, color by color, and the images that they are."""
    rows = noise(count, 3072, seed=seed)
    return rows, np.stack([row.reshape(3, 32, 32).transpose(1, 2, 0) for row in rows])


def cifar10_python(root: Path) -> Tree:
    folder = root / "d" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rows, images = _cifar_images(4, 1)
    labels = [3, 0, 9, 3]
    names = [f"class{i}" for i in range(10)]
    (folder / "test_batch").write_bytes(pickle.dumps({"data": rows, "labels": labels}, protocol=2))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}, protocol=2))
    return Tree(
        root / "d",
        list(images),
        labels,
        classes=tuple(names),
        options={"part": "test"},
        file=folder / "test_batch",
    )


def cifar10_binary(root: Path) -> Tree:
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    found, labels = [], []
    for number in range(1, 6):
        rows, images = _cifar_images(2, number)
        heads = np.array([[number], [0]], np.uint8)
        (folder / f"data_batch_{number}.bin").write_bytes(np.hstack([heads, rows]).tobytes())
        found += list(images)
        labels += [number, 0]
    names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship")
    return Tree(
        folder,
        found,
        labels,
        classes=(*names, "truck"),
        options={"part": "train"},
        file=folder / "data_batch_1.bin",
    )


def cifar100_python(root: Path) -> Tree:
    folder = root / "cifar-100-python"
    folder.mkdir()
    rows, images = _cifar_images(3, 5)
    fine, coarse = [99, 0, 41], [19, 0, 3]
    entries = {"data": rows, "fine_labels": fine, "coarse_labels": coarse}
    for part in ("train", "test"):
        (folder / part).write_bytes(pickle.dumps(entries, protocol=2))
    names = [f"fine{i}" for i in range(100)]
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": names}, protocol=2))
    return Tree(
        folder,
        list(images),
        fine,
        classes=tuple(names),
        options={"part": "train"},
        file=folder / "train",
    )


def cifar100_binary(root: Path) -> Tree:
    folder = root / "cifar-100-binary"
    folder.mkdir()
    rows, images = _cifar_images(3, 6)
    heads = np.array([[19, 99], [0, 0], [3, 41]], np.uint8)
    for part in ("train", "test"):
        (folder / f"{part}.bin").write_bytes(np.hstack([heads, rows]).tobytes())
    return Tree(
        folder, list(images), [99, 0, 41], options={"part": "test"}, file=folder / "test.bin"
    )


def npz(root: Path) -> Tree:
    images = noise(5, SIDE, SIDE, 3, seed=2)
    labels = np.array(["bee", "ant", "bee", "cat", "ant"])
    np.savez(root / "d.npz", images=images, labels=labels)
    return Tree(
        root / "d.npz",
        list(images),
        [1, 0, 1, 2, 0],
        classes=("ant", "bee", "cat"),
        file=root / "d.npz",
    )


def npz_of_jpeg(root: Path) -> Tree:
    files, images = [], []
    for seed in range(4):
        buffer = io.BytesIO()
        Image.fromarray(noise(8, 7, 3, seed=seed)).save(buffer, "JPEG")
        files.append(np.frombuffer(buffer.getvalue(), np.uint8))
        with Image.open(buffer) as found:
            images.append(np.asarray(found))
    ends = np.cumsum([0, *map(len, files)])
    np.savez(root / "d.npz", jpeg=np.concatenate(files), offsets=ends, labels=np.arange(4))
    return Tree(root / "d.npz", images, [0, 1, 2, 3], file=root / "d.npz")


def npz_of_masks(root: Path) -> Tree:
    images = noise(3, 3, SIDE, 5, seed=4)  # channels first
    masks = noise(3, SIDE, 5, seed=5) % 4
    masks[0, 0, 0] = 255
    np.savez(root / "d.npz", images=images, labels=masks)
    moved = [image.transpose(1, 2, 0) for image in images]
    return Tree(root / "d.npz", moved, masks=list(masks), file=root / "d.npz")


def bands(root: Path, kind: type = np.uint16, count: int = 13) -> Tree:
    """EuroSAT's other archive: GeoTIFF files of 13 bands of 16 bits."""
    images = []
    for number, name in enumerate(("Forest/Forest_1.tif", "River/River_1.tif")):
        path = root / "d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values: Pixels = (noise(SIDE, SIDE, count, seed=number).astype(np.float64) * 39.0).astype(
            kind
        )
        write_bands(path, values)
        images.append(values)
    return Tree(root / "d", images, [0, 1], classes=("Forest", "River"), file=root / "d" / name)


def write_bands(path: Path, values: Pixels, **more: Any) -> None:
    """A TIFF file of bands, pixel by pixel, as GDAL writes them by default."""
    path.parent.mkdir(parents=True, exist_ok=True)
    how = {"photometric": "minisblack", "planarconfig": "contig"} | more
    tifffile.imwrite(path, values, **how)


def masked(root: Path) -> Tree:
    images, masks = [], []
    for number in range(3):
        name = f"{'deep/' * (number == 2)}{number}"
        images.append(picture(root / "images" / f"{name}.jpg", number, columns=9))
        mask = noise(SIDE, 9, seed=number) % 5
        mask[0, :3] = 255
        masks.append(mask)
        path = root / "masks" / f"{name}.{'tif' if number == 1 else 'png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Image.fromarray(mask)
        if number == 0:
            made.putpalette(noise(768, seed=7).tobytes())
        made.save(path)
    order = [2, 0, 1]  # files in folders come first
    return Tree(
        root / "images",
        [images[i] for i in order],
        masks=[masks[i] for i in order],
        options={"masks": root / "masks"},
        file=root / "images" / "0.jpg",
    )


DFC_OF = (255, 0, 1, 255, 2, 3, 4, 5, 255, 6, 7)
"""The contest's ten classes as the eight that count, written down once more."""


def dfc2020(root: Path, mask: str = "dfc", part: str = "ROIs0000_test") -> Tree:
    images, masks = [], []
    for place in range(3):
        first = -20 * noise(12, 12, 2, seed=place).astype(np.float32) / 255
        second = noise(12, 12, 13, seed=place + 10).astype(np.uint16) * 39
        classes = noise(12, 12, seed=place + 20) % 11
        cover = np.repeat(classes[..., None], 4, axis=2)  # as of SEN12MS: four legends
        files: dict[str, Pixels] = {"s1": first, "s2": second, mask: cover}
        for sensor, values in files.items():
            folder = root / "d" / part / f"{sensor}_0"
            write_bands(folder / f"{part}_{sensor}_0_p{place}.tif", values)
        images.append(np.concatenate([first, second.astype(np.float32)], axis=2))
        masks.append(np.array(DFC_OF, np.uint8)[classes])
    classes_named = (
        *("Forest", "Shrubland", "Grassland", "Wetlands"),
        *("Croplands", "Urban", "Barren", "Water"),
    )
    return Tree(
        root / "d",
        images,
        masks=masks,
        classes=classes_named,
        options={"part": "test"},
        file=root / "d" / part / "s2_0" / f"{part}_s2_0_p0.tif",
    )


TREES: dict[str, Callable[[Path], Tree]] = {
    "class folders": class_folders,
    "flat folder": flat_folder,
    "AiTLAS list": listed,
    "ImageNet": imagenet,
    "EuroSAT": eurosat,
    "CIFAR-10, Python": cifar10_python,
    "CIFAR-10, binary": cifar10_binary,
    "CIFAR-100, Python": cifar100_python,
    "CIFAR-100, binary": cifar100_binary,
    "npz": npz,
    "npz of JPEG": npz_of_jpeg,
    "npz of masks": npz_of_masks,
    "bands": bands,
    "masks": masked,
    "DFC2020": dfc2020,
}
