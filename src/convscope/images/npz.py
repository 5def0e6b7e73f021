"""Arrays in a NumPy file: ``x_train`` and ``y_train``, ``images`` and ``labels``, or a single stack."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as numpy_format

from convscope.errors import BadImages
from convscope.images.placing import SPLITS
from convscope.images.source import Images, array_hash, natural

PICTURES = {"x", "images", "image", "data", "pixels", "arr0", "array"}
NUMBERS = {"y", "labels", "label", "targets", "target", "arr1"}
NAMES = {"classes", "classnames", "names", "labelnames"}
LARGEST = 8_000_000_000  # bytes of one array


@dataclass(frozen=True)
class Part:
    """The arrays of one split; labels are numbers, names or None."""

    split: str
    pixels: np.ndarray
    labels: np.ndarray | None


@dataclass(frozen=True)
class Parts:
    """Pictures of several splits, by position over all."""

    parts: tuple[np.ndarray, ...]

    def read(self, row: int) -> np.ndarray:
        for pixels in self.parts:
            if row < len(pixels):
                return pixels[row]
            row -= len(pixels)
        raise IndexError(row)

    def measure(self, row: int) -> tuple[int, int]:
        height, width, _ = self.read(row).shape
        return height, width

    def evidence(self, row: int) -> str:
        return array_hash(self.read(row))


def accepts(source: Any) -> bool:
    return isinstance(source, str | Path) and Path(source).suffix.casefold() in (".npz", ".npy")


def open_source(source: str | Path) -> Images:
    """Pictures uint8 ``[n, height, width]`` or with 1 or 3 channels last or first, of a .npz or .npy file.

    Raises BadImages where an array is missing, pickled or of another kind.
    """
    path = Path(source)
    arrays = _read(path)
    parts = _parts(path, arrays)
    names = next((array for key, array in arrays.items() if _role(key)[1] == "names"), None)
    labels, classes = _labels(path, parts, names)
    stack = Parts(tuple(part.pixels for part in parts))
    return Images(
        name=path.name,
        ids=tuple(f"{part.split or 'image'}/{row:05d}" for part in parts for row in range(len(part.pixels))),
        labels=labels,
        classes=classes,
        splits=tuple(part.split for part in parts for _ in range(len(part.pixels))),
        read=stack.read,
        measure=stack.measure,
        evidence=stack.evidence,
    )


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        if path.suffix.casefold() == ".npy":
            with path.open("rb") as file:
                return {"images": _array(path, file, path.stat().st_size)}
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            for info in archive.infolist():
                with archive.open(info) as file:
                    arrays[info.filename.removesuffix(".npy")] = _array(path, file, info.file_size)
            return arrays
    except FileNotFoundError as error:
        raise BadImages(f"there is no file {str(path)!r} in {Path.cwd()}; check the spelling.") from error
    except (OSError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise BadImages(f"{path} is no intact NumPy file ({error}); save it again.") from error


def _array(path: Path, file: IO[bytes], size: int) -> np.ndarray:
    """One array, read only where its header tells the truth about its size and it holds no Python objects."""
    try:
        version = numpy_format.read_magic(file)
        reader = (
            numpy_format.read_array_header_1_0 if version == (1, 0) else numpy_format.read_array_header_2_0
        )
        shape, by_column, kind = reader(file)
    except ValueError as error:
        raise BadImages(f"{path} is no intact NumPy file ({error}); save it again.") from error
    if kind.hasobject:
        raise BadImages(
            f"{path} holds pickled Python objects, which can run code; save plain arrays with numpy.savez."
        )
    count = int(np.prod(shape, dtype=object))
    if not 0 <= count * kind.itemsize <= min(size, LARGEST):
        raise BadImages(f"{path} promises an array of shape {shape}, which it does not hold; save it again.")
    data = file.read(count * kind.itemsize)
    if len(data) != count * kind.itemsize:
        raise BadImages(f"{path} ends too early; save it again.")
    return np.frombuffer(data, kind).reshape(shape, order="F" if by_column else "C")


def _parts(path: Path, arrays: dict[str, np.ndarray]) -> list[Part]:
    found: dict[str, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        split, role = _role(key)
        found.setdefault(split, {})[role] = array
    parts = [
        Part(split, _pixels(path, roles["pictures"]), roles.get("numbers"))
        for split, roles in sorted(
            found.items(), key=lambda item: ["train", "val", "test", ""].index(item[0])
        )
        if "pictures" in roles
    ]
    if not parts:
        raise BadImages(
            f"{path} has no array of pictures: call it images or x_train. Its arrays are {', '.join(arrays) or 'none'}."
        )
    return parts


def _role(key: str) -> tuple[str, str]:
    """(split, what it holds) by the name of an array: "x_train" -> ("train", "pictures")."""
    words = key.casefold().replace("-", "_").split("_")
    split = next((SPLITS[word] for word in words if word in SPLITS), "")
    rest = "".join(word for word in words if word not in SPLITS)
    roles = (("pictures", PICTURES), ("numbers", NUMBERS), ("names", NAMES))
    return split, next((role for role, known in roles if rest in known), "unknown")


def _pixels(path: Path, array: np.ndarray) -> np.ndarray:
    if array.dtype != np.uint8:
        raise BadImages(f"{path} has pictures of type {array.dtype}, whose scale is not known; save them as uint8, 0 to 255, or give the array itself to open_images.")  # fmt: skip
    if array.ndim == 3:
        return array[..., None]
    if array.ndim == 4 and array.shape[3] not in (1, 3) and array.shape[1] in (1, 3):
        array = array.transpose(0, 2, 3, 1)
    if array.ndim != 4 or array.shape[3] not in (1, 3) or 0 in array.shape:
        raise BadImages(f"{path} has pictures of shape {array.shape}; make it [n, height, width] or [n, height, width, 3].")  # fmt: skip
    return array


def _labels(
    path: Path, parts: Sequence[Part], names: np.ndarray | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    flat = []
    for part in parts:
        labels = np.full(len(part.pixels), -1) if part.labels is None else part.labels.reshape(-1)
        if len(labels) != len(part.pixels):
            raise BadImages(
                f"{path} has {len(labels):,} labels for {len(part.pixels):,} pictures; give one each."
            )
        flat.append(labels)
    labels = np.concatenate(flat)
    if labels.dtype.kind in "US":
        texts = labels.astype(str)
        classes = tuple(sorted(set(texts.tolist()), key=natural))
        return np.array([classes.index(text) for text in texts.tolist()], dtype=np.int64), classes
    numbers = labels.astype(np.int64)
    count = int(numbers.max(initial=-1)) + 1
    named = names is not None and names.ndim == 1 and len(names) >= count
    return numbers, tuple(str(name) for name in names) if named and names is not None else tuple(
        map(str, range(count))
    )
