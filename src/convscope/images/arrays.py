"""Images that are in memory already: arrays, Pillow images, tensors and torch datasets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images.conversion import pixels
from convscope.images.source import Images, array_hash, numbered

PROJECTION = (
    "Images that are not 8-bit grey or RGB are used unchanged and shown by a projection: the first "
    "three channels (the mean where there are fewer), minimum to black and maximum to white per image."
)
HASHED_ITEMS = 64  # of a data set: reading all of a large one only for its digest would take minutes


@dataclass(frozen=True)
class Items:
    """A sequence of images of any kind, or of (image, label) pairs."""

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
    ``[channels, height, width]``, a stack of them, or a data set of (image, label) pairs.

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
    labels = np.full(count, -1) if in_memory else _labels(source)
    return Images(
        name="arrays" if in_memory else type(source).__name__,
        ids=numbered(count),
        labels=labels,
        classes=_classes(source, labels),
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
    return item[0] if isinstance(item, list | tuple) and item else item


def _image(item: Any) -> np.ndarray:
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


def _labels(dataset: Any) -> np.ndarray:
    """Labels of a data set: its ``targets`` where it has them, else by reading every item once."""
    targets = getattr(dataset, "targets", None)
    if targets is not None and len(targets) == len(dataset):
        return np.asarray(targets, dtype=np.int64)
    return np.array([_label(dataset[row]) for row in range(len(dataset))], dtype=np.int64)


def _label(item: Any) -> int:
    return int(item[1]) if isinstance(item, list | tuple) and len(item) > 1 else -1


def _classes(source: Any, labels: np.ndarray) -> tuple[str, ...]:
    # torch.utils.data.Subset keeps its class names one level below
    names: Sequence[Any] = getattr(source, "classes", None) or getattr(
        getattr(source, "dataset", None), "classes", ()
    )
    return tuple(map(str, names)) if len(names) > labels.max() else tuple(map(str, range(labels.max() + 1)))
