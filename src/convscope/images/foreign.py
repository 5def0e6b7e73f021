"""What is not opened, because it could run code or would have to be unpacked, and what to do instead."""

from pathlib import Path
from typing import Any

from convscope.errors import BadImages
from convscope.images.source import Images

BATCHES = ("data_batch_1", "test_batch", "batches.meta", "meta")  # of CIFAR-10 and CIFAR-100 for Python
PICKLES = (".pkl", ".pickle", ".pt", ".pth")
PACKED = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")


def accepts(source: Any) -> bool:
    """Whether this is a pickle or an archive that is not read."""
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    known = path.suffix.casefold() in (*PICKLES, *PACKED) or path.name in BATCHES
    return (path / "batches.meta").is_file() or (known and path.is_file())


def open_source(source: str | Path) -> Images:
    """Always raises BadImages, with the next step."""
    path = Path(source)
    if path.is_dir() or path.name in BATCHES:
        raise BadImages(
            f"{path} holds Python pickles, which can run code when opened. In Python, give "
            "open_images the data set instead: torchvision.datasets.CIFAR10(FOLDER); or use its Parquet form."
        )
    if path.suffix.casefold() in PICKLES:
        raise BadImages(
            f"{path} is a Python pickle, which can run code when opened: load it yourself where you trust "
            "it, and give the arrays to open_images or save them with numpy.savez."
        )
    raise BadImages(f"{path} is packed: unpack it, or pack the folder as .zip, which is read where it lies.")
