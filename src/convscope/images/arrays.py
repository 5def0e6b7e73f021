"""Images that are in memory already: arrays, Pillow images, tensors and torch datasets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images.conversion import pixels
from convscope.images.decode import decode
from convscope.images.source import Images, array_hash, natural, numbered

PROJECTION = (
    "Images that are not 8-bit grey or RGB are used unchanged and shown by a projection: the first "
    "three channels (the mean where there are fewer), minimum to black and maximum to white per image."
)
HASHED_ITEMS = 64  # of a data set: reading all of a large one only for its digest would take minutes
PICTURE, NAME = (
    ("image", "img", "pixel_values"),
    ("label", "labels", "class", "fine_label"),
)  # of a dictionary


@dataclass(frozen=True)
class Items:
    """A sequence of images of any kind, of (image, label) pairs, or of dictionaries with both."""

    items: Any
    every: int = 1  # hash one item in so many

    def image(self, row: int) -> np.ndarray:
        """uint8 ``[height, width, 1 or 3]``, or float32 ``[channels, height, width]``."""
        try:
            return _image(_unpaired(self.items[row]))
        except BadImages as error:
            raise BadImages(f"image {row}: {error}") from error
        except Exception as error:  # a data set is the user's own code
            kind = type(self.items).__name__
            raise BadImages(f"item {row} of {kind} cannot be read: {error!r}.") from error

    def read(self, row: int) -> np.ndarray:
        image = self.image(row)
        return image if image.dtype == np.uint8 else project(image)

    def unprojected(self, row: int) -> np.ndarray | None:
        image = self.image(row)
        return None if image.dtype == np.uint8 else image.copy()

    def evidence(self, row: int) -> str:
        return "" if row % self.every else array_hash(self.image(row))


def accepts(source: Any) -> bool:
    return (
        hasattr(source, "__len__")
        and hasattr(source, "__getitem__")
        and not isinstance(source, str | bytes | dict)
    )


def open_source(source: Any) -> Images:
    """Arrays ``[height, width]`` or ``[height, width, channels]``, Pillow images, tensors
    ``[channels, height, width]``, a stack of them, or a list or data set of (image, label) pairs or of
    dictionaries with ``image`` and ``label``; labels are numbers or names, and in a list an image may be a path.

    What is not 8-bit grey or RGB is kept for ``images.raw``; ``images[i]`` then shows a projection.
    Raises BadImages where there is nothing, or something that is no image.

    >>> open_source(np.zeros((2, 4, 4), np.uint8))[0].shape
    (4, 4, 1)
    """
    count = len(source)
    if count == 0:
        raise BadImages("there is no image in the list; give at least one.")
    in_memory = isinstance(source, list | tuple | np.ndarray) or hasattr(source, "numpy")
    items = Items(source, 1 if in_memory else -(-count // HASHED_ITEMS))
    projected = items.image(0).dtype != np.uint8
    found = _found_labels(source, in_memory)
    labels, classes = _numbered(source, found) if found else (np.full(count, -1), ())
    return Images(
        name="arrays" if in_memory else type(source).__name__,
        ids=numbered(count),
        labels=labels,
        classes=classes,
        splits=("",) * count,
        notes=(PROJECTION,) if projected else (),
        read=items.read,
        evidence=items.evidence,
        unprojected=items.unprojected,
    )


def project(image: np.ndarray) -> np.ndarray:
    """Display pixels uint8 ``[h, w, 3 or 1]`` of float ``[channels, h, w]``; see PROJECTION."""
    shown = image[:3] if len(image) >= 3 else image.mean(axis=0, keepdims=True)
    shown = np.nan_to_num(shown.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = shown.min(), shown.max()
    scaled = (shown - low) * (255 / (high - low) if high > low else 0)
    return np.rint(scaled).astype(np.uint8).transpose(1, 2, 0)


def _unpaired(item: Any) -> Any:
    if isinstance(item, dict):
        return next((item[key] for key in PICTURE if key in item), item)
    return item[0] if isinstance(item, list | tuple) and item else item


def _image(item: Any) -> np.ndarray:
    if isinstance(item, str | Path):
        return decode(Path(item))
    if hasattr(item, "getexif"):
        return pixels(item)[0]
    array = np.moveaxis(_from_tensor(item), 0, -1) if hasattr(item, "numpy") else np.asarray(item)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.dtype.kind not in "uifb" or 0 in array.shape:
        raise BadImages(
            f"{type(item).__name__} of shape {array.shape} and type {array.dtype} is no image; "
            "give [height, width] or [height, width, channels] (tensors: [channels, height, width])."
        )
    if array.dtype == np.uint8 and array.shape[2] in (1, 3):
        return array
    return np.ascontiguousarray(np.moveaxis(array, -1, 0), dtype=np.float32)


def _from_tensor(tensor: Any) -> np.ndarray:
    tensor = tensor.detach().cpu()
    # numpy has no bfloat16
    array = (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy()
    return array[None] if array.ndim == 2 else array


def _found_labels(source: Any, in_memory: bool) -> list[Any]:
    """What each item is called, -1 for unknown; nothing where no item is called anything."""
    targets = getattr(source, "targets", None)
    if targets is not None and len(targets) == len(source):
        return [_plain(label) for label in targets]
    if in_memory and not _is_pair(source[0]):
        return []
    labels = [_label(source[row]) for row in range(len(source))]
    return labels if any(label != -1 for label in labels) else []


def _is_pair(item: Any) -> bool:
    """Whether an item in memory is (image, label): a tuple that ends in a name or a whole number, or a dictionary."""
    return isinstance(item, dict) or (
        isinstance(item, tuple) and len(item) == 2 and isinstance(_plain(item[1]), str | int)
    )


def _label(item: Any) -> Any:
    if isinstance(item, dict):
        return _plain(next((item[key] for key in NAME if item.get(key) is not None), -1))
    return _plain(item[1]) if isinstance(item, list | tuple) and len(item) > 1 else -1


def _plain(label: Any) -> Any:
    """A number or a text of Python, from those of numpy and torch; -1 for None."""
    single = hasattr(label, "item") and getattr(label, "shape", ()) in ((), (1,))
    return label.item() if single else -1 if label is None else label


def _numbered(source: Any, found: list[Any]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as numbers, and the names of the classes; names are put in natural order."""
    if any(isinstance(label, str) for label in found):
        names = sorted({str(label) for label in found if label != -1}, key=natural)
        place = {name: number for number, name in enumerate(names)}
        return np.array([place.get(str(label), -1) for label in found], np.int64), tuple(names)
    odd = [label for label in found if not (isinstance(label, int | float) and float(label).is_integer())]
    if odd:
        raise BadImages(
            f"{type(source).__name__} has the {type(odd[0]).__name__} {odd[0]!r:.60} for a label: "
            "give one whole number or one name an image."
        )
    labels = np.array([int(label) for label in found], np.int64)
    return labels, _classes(source, labels)


def _classes(source: Any, labels: np.ndarray) -> tuple[str, ...]:
    """The names a data set has for its numbers, else the numbers."""
    # torch.utils.data.Subset keeps its class names one level below
    names: Sequence[Any] = getattr(source, "classes", None) or getattr(
        getattr(source, "dataset", None), "classes", ()
    )
    return tuple(map(str, names)) if len(names) > labels.max() else tuple(map(str, range(labels.max() + 1)))
