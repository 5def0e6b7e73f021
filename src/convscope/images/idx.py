"""IDX files as MNIST and its relatives have them, packed by gzip or not."""

import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images.source import Images, array_hash

IMAGES, LABELS = 0x00000803, 0x00000801  # three and one dimensions of unsigned bytes
NAME = re.compile(
    r"(?P<start>.*?)(?P<split>train|test|t10k)?-?images[-.]idx3-ubyte(?P<end>\.gz)?", re.IGNORECASE
)
SPLITS = {"train": "train", "test": "test", "t10k": "test"}
PLACES = ("", "raw", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw")  # as torchvision lays them out
LARGEST = 4_000_000_000  # bytes of pixels


@dataclass(frozen=True)
class Stack:
    """All pictures of a set, uint8 ``[n, height, width, 1]``."""

    pixels: np.ndarray

    def read(self, row: int) -> np.ndarray:
        return self.pixels[row]

    def measure(self, row: int) -> tuple[int, int]:
        return self.pixels.shape[1:3]

    def evidence(self, row: int) -> str:
        return array_hash(self.pixels[row])


def accepts(source: Any) -> bool:
    return isinstance(source, str | Path) and bool(_image_files(Path(source)))


def open_source(source: str | Path) -> Images:
    """The pictures of an IDX file, or of all in a folder, with the labels that lie beside them.

    ``train-images`` are the split "train", ``t10k-images`` "test". Raises BadImages naming the file.
    """
    files = _image_files(Path(source))
    parts = [_read(path, IMAGES) for path in files]
    labels = [_labels(path, len(part)) for path, part in zip(files, parts, strict=True)]
    splits = [SPLITS.get((_matched(path)["split"] or "").casefold(), "") for path in files]
    if len({part.shape[1:] for part in parts}) > 1:
        raise BadImages(f"{source} holds pictures of different sizes; give one file at a time.")
    pixels = np.concatenate(parts)[:, :, :, None]
    stack = Stack(pixels)
    numbers = np.concatenate(labels)
    return Images(
        name=Path(source).resolve().name,
        ids=tuple(
            f"{split or 'image'}/{row:05d}"
            for split, part in zip(splits, parts, strict=True)
            for row in range(len(part))
        ),
        labels=numbers,
        classes=tuple(map(str, range(int(numbers.max(initial=-1)) + 1))),
        splits=tuple(split for split, part in zip(splits, parts, strict=True) for _ in range(len(part))),
        read=stack.read,
        measure=stack.measure,
        evidence=stack.evidence,
    )


def _image_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if NAME.fullmatch(path.name) else []
    folders = [path / place for place in PLACES if (path / place).is_dir()]
    for folder in folders:
        found = {
            file.name.removesuffix(".gz"): file
            for file in sorted(folder.iterdir(), reverse=True)
            if NAME.fullmatch(file.name)
        }
        if found:  # an unpacked file comes before its packed form
            return sorted(found.values(), key=_order)
    return []


def _order(path: Path) -> tuple[int, str]:
    return (0 if (_matched(path)["split"] or "").casefold() == "train" else 1, path.name)


def _matched(path: Path) -> re.Match[str]:
    matched = NAME.fullmatch(path.name)
    assert matched is not None  # only such files are listed
    return matched


def _labels(path: Path, count: int) -> np.ndarray:
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    for file in (
        path.with_name(name),
        path.with_name(name.removesuffix(".gz")),
        path.with_name(f"{name}.gz"),
    ):
        if file.is_file():
            labels = _read(file, LABELS)
            if len(labels) != count:
                raise BadImages(
                    f"{file} has {len(labels):,} labels for {count:,} pictures; fetch both files again."
                )
            return labels.astype(np.int64)
    return np.full(count, -1, dtype=np.int64)


def _read(path: Path, kind: int) -> np.ndarray:
    """The array of an IDX file; no more is unpacked than its header promises."""
    try:
        with gzip.open(path) if path.suffix.casefold() == ".gz" else path.open("rb") as file:
            shape = _shape(path, file.read(4 + 4 * (kind & 0xFF)), kind)
            size = int(np.prod(shape))
            data = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadImages(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}; fetch it again."
        ) from error
    if len(data) != size:
        raise BadImages(
            f"{path} is {'longer' if len(data) > size else 'shorter'} than its header says; fetch it again."
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _shape(path: Path, header: bytes, kind: int) -> Sequence[int]:
    numbers = np.frombuffer(header[: len(header) // 4 * 4], ">u4")
    if len(numbers) != 1 + (kind & 0xFF) or numbers[0] != kind:
        raise BadImages(
            f"{path} is no IDX file of {'pictures' if kind == IMAGES else 'labels'}; fetch it again."
        )
    shape = [int(number) for number in numbers[1:]]
    if 0 in shape or np.prod(shape, dtype=float) > LARGEST:
        raise BadImages(f"{path} says its shape is {shape}; at most {LARGEST:,} bytes are read.")
    return shape
