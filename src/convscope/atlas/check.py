"""Nothing in an atlas folder is trusted before it has been looked at; whatever is wrong becomes BadAtlas."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from convscope.atlas import layout
from convscope.errors import BadAtlas

# what a reader of JSON or safetensors meets in a file that is cut off, altered or somebody else's
DAMAGE = (
    SafetensorError, OSError, ValueError, LookupError, TypeError, AttributeError, MemoryError, RecursionError,
)  # fmt: skip
PARTS = ("stage", "model", "images", "layers", "survey")
WITHIN = {"model": ("id", "name", "classes", "fit"), "images": ("name", "classes", "count")}


REBUILD = "survey again to rebuild it"
MEASURE = "`convscope lessons RUN` makes it again"


@contextmanager
def readable(path: Path, remedy: str = REBUILD) -> Iterator[None]:
    """Inside, whatever a damaged file raises becomes BadAtlas naming the file and what mends it."""
    try:
        yield
    except DAMAGE as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BadAtlas(f"{path} is damaged ({what}): {remedy}.") from error


def read_json(path: Path, remedy: str = REBUILD) -> Any:
    """The content of a JSON file; raises BadAtlas where it is missing or damaged."""
    _there(path)
    with readable(path, remedy):
        return json.loads(path.read_text("utf-8"))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file; raises BadAtlas where it is missing or damaged."""
    _there(path)
    with readable(path):
        return load_file(path)


def _there(path: Path) -> None:
    if not path.exists():
        raise BadAtlas(f"{path} is missing: the atlas is half-made. Run the survey again to finish it.")


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest of the atlas at ``root``, of the one schema that this version reads."""
    path = root / layout.MANIFEST
    if not root.exists():
        raise BadAtlas(f"no atlas at {root}: make one with `convscope survey RUN`.")
    if not path.exists():
        raise BadAtlas(
            f"{root} is no atlas, or one whose survey was stopped too early: make it with `convscope survey RUN`."
        )
    manifest = read_json(path)
    if not isinstance(manifest, dict) or manifest.get("format") != layout.FORMAT:
        raise BadAtlas(f"{path} is not the manifest of a convscope atlas: choose another folder.")
    if manifest.get("schema") != layout.SCHEMA:
        raise BadAtlas(
            f"{root} has atlas schema {manifest.get('schema')!r}, this convscope reads schema {layout.SCHEMA}: "
            "use the version that made it, or survey again."
        )
    missing = [key for key in PARTS if key not in manifest]
    missing += [
        f"{part}.{key}"
        for part in WITHIN
        if part in manifest
        for key in WITHIN[part]
        if key not in manifest[part]
    ]
    if missing:
        raise BadAtlas(f"{path} lacks {', '.join(missing)}: survey again to rebuild it.")
    if not manifest["layers"]:
        raise BadAtlas(f"{path} lists no layers: survey again to rebuild it.")
    if manifest["stage"] not in layout.STAGES:
        raise BadAtlas(f"{path} has the stage {manifest['stage']!r}: survey again to rebuild it.")
    return manifest


def check_columns(path: Path, columns: Mapping[str, list[Any]]) -> None:
    """Raises BadAtlas where the columns of the image table are not equally long."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise BadAtlas(f"{path} has columns of unequal length {lengths}: survey again to rebuild it.")


def check_numbers(path: Path, arrays: Mapping[str, np.ndarray], channels: int, images: int) -> None:
    """Raises BadAtlas where an array is missing, is not one entry a channel, or names an unknown image."""
    missing = [name for name in layout.NUMBERS if name not in arrays]
    if missing:
        raise BadAtlas(f"{path} lacks {', '.join(missing)}: survey again to rebuild it.")
    there = (layout.NUMBERS | layout.MORE_NUMBERS).keys() & arrays.keys()
    for name in sorted(there - {"rows", "columns"}):
        if arrays[name].shape[:1] != (channels,):
            raise BadAtlas(
                f"{path} has {name} of shape {arrays[name].shape} for {channels} channels: survey again to rebuild it."
            )
    for name in sorted(there & {"image", "quantile_image"}):
        if arrays[name].size and not -1 <= arrays[name].min() <= arrays[name].max() < images:
            raise BadAtlas(
                f"{path} names an image beyond the {images} of this atlas: survey again to rebuild it."
            )
    neighbour = arrays.get("neighbour", np.full((channels, 1), -1))
    if neighbour.ndim != 2 or (neighbour.size and not -1 <= neighbour.min() <= neighbour.max() < channels):
        raise BadAtlas(f"{path} names a channel beyond its {channels}: survey again to rebuild it.")


def check_peaks(path: Path, arrays: Mapping[str, np.ndarray], channels: int, images: int) -> None:
    """Raises BadAtlas where the peaks are not one a channel and image, or of an unknown image."""
    row, peak = (arrays.get(name, np.empty(0)) for name in ("row", "peak"))
    known = row.ndim == 1 and (not row.size or 0 <= row.min() <= row.max() < images)
    if not known or peak.shape != (channels, *row.shape):
        raise BadAtlas(f"{path} holds no peaks of {channels} channels: survey again to rebuild it.")


def check_weights(path: Path, arrays: Mapping[str, np.ndarray], channels: int) -> None:
    """Raises BadAtlas where kernels are missing, are not one a channel, or hold what is no number."""
    shapes = {name: array.shape for name, array in arrays.items()}
    weight, bias = shapes.get("weight", ()), shapes.get("bias")
    fits = len(weight) == 4 and weight[0] == channels and bias == (channels,) and 0 not in weight
    if not fits or not all(np.isfinite(array).all() for array in arrays.values()):
        raise BadAtlas(f"{path} holds no kernels of {channels} channels: survey again to rebuild it.")


def check_lessons(path: Path, found: Mapping[str, Any], images: int, classes: int) -> None:
    """Raises BadAtlas where a measurement of the lessons is not of the size that it says."""
    shift, swept = found["shift"], found["occlusion"]
    rows = [layer[key] for layer in shift["layers"] for key in ("change", "aligned")]
    rows += [shift["probability"], shift["kept"]]
    fits = {len(row) for row in rows} == {len(shift["steps"])}
    fits &= all(len(width) == 2 for width in found["fields"]["width"].values())
    places = np.array(swept["probability"], dtype=np.float64)
    fits &= places.ndim == 3 and places.size > 0 and bool(np.isfinite(places).all())
    fits &= (
        len(places) == len(swept["classes"]) == len(swept["clean"])
        and min(swept["size"], swept["stride"]) > 0
    )
    fits &= 0 <= swept["row"] < images and all(0 <= index < classes for index in swept["classes"])
    if not fits:
        raise BadAtlas(f"{path} holds measurements of another size: {MEASURE}.")


def check_evolution(path: Path, arrays: Mapping[str, np.ndarray], channels: int, images: int) -> None:
    """Raises BadAtlas where what is kept of the epochs does not fit together or names what is not there."""
    shapes = {name: arrays[name].shape for name in layout.EVOLUTION if name in arrays}
    epoch, channel = (arrays.get(name, np.empty((0, 0))) for name in ("epoch", "channel"))
    grid = (*channel.shape, *epoch.shape)
    fits = len(grid) == 2 and 0 not in grid and len(shapes) == len(layout.EVOLUTION)
    fits = fits and all(shapes[name] == grid for name in ("value", "image", "y", "x", "scale"))
    whole = channels, *epoch.shape
    fits = fits and all(arrays[name].shape == whole for name in layout.MORE_EVOLUTION if name in arrays)
    if not fits or not 0 <= channel.min() <= channel.max() < channels or arrays["image"].max() >= images:
        raise BadAtlas(f"{path} holds no epochs of {channels} channels: run `convscope evolve RUN` again.")
