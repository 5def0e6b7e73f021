"""Writing an atlas: every file appears whole or not at all, the manifest last."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from convscope.atlas import layout
from convscope.errors import BadOutput
from convscope.plain.files import write_bytes, write_json
from convscope.plain.pixelmap import PixelMap
from convscope.plain.question import Question
from convscope.plain.render import encode
from convscope.plain.why import Why

QUALITY = {"sheets": 75, "strips": 75, "context": 60}  # of JPEG
SMALL_TILE = 64  # pixels


def prepare_folder(root: Path) -> None:
    """Make the atlas folder, or take over an atlas; a folder with other things in it is refused."""
    if root.exists() and not root.is_dir():
        raise BadOutput(f"cannot make an atlas at {root}: it is a file. Choose another place with --into.")
    foreign = root.is_dir() and any(root.iterdir()) and not _looks_like_atlas(root)
    if foreign:
        raise BadOutput(
            f"cannot make an atlas in {root}: it holds other files. Choose an empty folder with --into."
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadOutput(
            f"cannot make the folder {root}: {error.strerror}. Choose another place with --into."
        ) from error


def forget_answers(root: Path, *, pictures: bool) -> None:
    """Remove what was found out beyond the survey about another network or other images: it is kept by row.

    With ``pictures`` those that were dropped in go too, for they are kept as that network was shown them.
    """
    for path in (
        *root.glob("layers/*/evolution*"),
        *root.glob("images/photo-*"),
        root / layout.LESSONS,
        root / layout.INVARIANCE,
    ):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for folder in ("stacks", "why", *(("uploads",) if pictures else ())):
        shutil.rmtree(root / folder, ignore_errors=True)
    for path in root.glob("uploads/*/*"):
        if path.name not in ("photo.png", "upload.json"):
            path.unlink()


def _looks_like_atlas(root: Path) -> bool:
    known = {
        layout.MANIFEST, layout.IMAGES, layout.LESSONS, layout.INVARIANCE, "images", "layers", "maps", "partial", "stacks", "uploads", "why",
    }  # fmt: skip
    return all(entry.name in known or entry.name.startswith(".") for entry in root.iterdir())


def write_manifest(root: Path, manifest: Mapping[str, Any]) -> None:
    """The last act of every stage."""
    write_json(root / layout.MANIFEST, {"format": layout.FORMAT, "schema": layout.SCHEMA, **manifest})


def write_images(root: Path, columns: Mapping[str, list[Any]]) -> None:
    """Columns of equal length: id, label, split, height, width, predicted, probability."""
    write_json(root / layout.IMAGES, dict(columns))


def write_lessons(root: Path, measured: Mapping[str, Any]) -> None:
    """What the lessons show of the network: ``shift``, ``fields`` and ``occlusion``."""
    write_json(root / layout.LESSONS, {"schema": layout.SCHEMA, **measured})


def write_numbers(root: Path, layer: str, numbers: Mapping[str, np.ndarray]) -> None:
    """All arrays of one layer, each in the type that the format promises."""
    types = layout.NUMBERS | layout.MORE_NUMBERS
    arrays = {name: np.ascontiguousarray(array, dtype=types[name]) for name, array in numbers.items()}
    write_bytes(layout.numbers_file(root, layer), save(arrays))


def write_peaks(root: Path, layer: str, row: np.ndarray, peak: np.ndarray) -> None:
    """Rows ``[S]`` of the sample of images, and every channel's maximum on each, ``[C, S]``."""
    arrays = {"row": np.ascontiguousarray(row, np.int32), "peak": np.ascontiguousarray(peak, np.float32)}
    write_bytes(layout.peaks_file(root, layer), save(arrays))


def write_evolution(root: Path, layer: str, arrays: Mapping[str, np.ndarray]) -> None:
    """How some channels grew over the epochs of a run; the arrays of ``layout.EVOLUTION``, and perhaps the others."""
    kinds = layout.EVOLUTION | {name: kind for name, kind in layout.MORE_EVOLUTION.items() if name in arrays}
    typed = {name: np.ascontiguousarray(arrays[name], kind) for name, kind in kinds.items()}
    write_bytes(layout.evolution_file(root, layer), save(typed))


def write_weights(root: Path, layer: str, weight: np.ndarray, bias: np.ndarray) -> None:
    """Kernels ``[C, channels, h, w]`` that look straight at pixels, and their biases ``[C]``."""
    arrays = {
        "weight": np.ascontiguousarray(weight, np.float32),
        "bias": np.ascontiguousarray(bias, np.float32),
    }
    write_bytes(layout.weights_file(root, layer), save(arrays))


def write_loupe(root: Path, layer: str, channel: np.ndarray, score: np.ndarray) -> None:
    """``channel`` and ``score``, both ``[chosen, 3, H, W]``."""
    arrays = {
        "channel": np.ascontiguousarray(channel, np.uint16),
        "score": np.ascontiguousarray(score, np.float16),
    }
    write_bytes(layout.loupe_file(root, layer), save(arrays))


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """One display picture; JPEG or PNG by its name. It can be made again, so it is not flushed to the disk."""
    kind = "JPEG" if path.suffix == ".jpg" else "PNG"
    write_bytes(path, encode(pixels, kind, _quality(path.parent.name, len(pixels))), durable=False)


def _quality(kind: str, height: int) -> int:
    """What costs few bytes and is not seen at the size it is shown: ``kind`` is the picture's folder.

    Strips of large tiles show photographs; in small ones pixels may stand as squares, which show blotches first.
    """
    large = kind == "strips" and height > 2 * SMALL_TILE
    return 65 if large else QUALITY.get(kind, 80)


def write_map(root: Path, question: Question, pixels: PixelMap) -> Path:
    """Remember the answer to a question."""
    about = {
        "question": question.as_dict(),
        "units": pixels.units,
        "input_box": list(pixels.input_box),
        "box": None if pixels.box is None else list(pixels.box),
        "caption": pixels.caption,
        "validity": pixels.validity.as_dict(),
        "value": pixels.value,
    }
    path = layout.map_file(root, question.key)
    array = np.ascontiguousarray(pixels.array, dtype=np.float32)
    write_bytes(path, save({"array": array}, metadata={"map": json.dumps(about)}))
    return path


def write_why(root: Path, why: Why) -> Path:
    """Remember why an image of the atlas was called what it was."""
    assert why.row is not None
    path = layout.why_file(root, why.row, why.against_index)
    write_json(path, why.as_dict())
    return path
