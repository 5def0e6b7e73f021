"""Where everything lies in an atlas folder; the words of docs/atlas-format.md."""

from pathlib import Path

import numpy as np

from convscope.plain.names import escape

FORMAT = "convscope atlas"
SCHEMA = 1
MANIFEST = "atlas.json"
IMAGES = "images.json"
LESSONS = "lessons.json"
INVARIANCE = "invariance.json"
LENSES = ("deconvnet", "guided")  # with which projections are drawn
STAGES = ("numbers", "pictures", "complete")

# arrays of numbers.safetensors and their types; all but rows and columns have one entry a channel
NUMBERS = {
    "value": np.float32, "image": np.int32, "y": np.int32, "x": np.int32,
    "mean": np.float64, "maximum": np.float32, "p999": np.float32, "positive": np.float64,
    "class_mean": np.float32, "class_peak": np.float32,
    "histogram": np.int64, "histogram_edges": np.float32,
    "rows": np.int32, "columns": np.int32, "scale": np.float32, "duplicate": np.uint8,
}  # fmt: skip

# such as an atlas may have besides; one entry a channel too
MORE_NUMBERS = {
    "projected": np.uint8, "class_spread": np.float32,
    "quantile_value": np.float32, "quantile_image": np.int32, "quantile_y": np.int32, "quantile_x": np.int32,
    "neighbour": np.int32,
}  # fmt: skip

# arrays of evolution.safetensors and their types: of E epochs, N channels, S rows; the others are [N, E]
EVOLUTION = {
    "epoch": np.int32, "channel": np.int32, "row": np.int32, "value": np.float32, "image": np.int32,
    "y": np.int32, "x": np.int32, "scale": np.float32,
}  # fmt: skip

# such as it may have besides: of all C channels of the layer, [C, E]
MORE_EVOLUTION = {"alike": np.float32, "same": np.uint8}

THUMB = 64  # pixels of a thumbnail
THUMBS_ACROSS = 10
THUMBS_A_SHEET = THUMBS_ACROSS**2
SHEET_TILE = 40  # pixels of one of the nine tiles of a channel on a sheet
SHEET_ACROSS = 8
CHANNELS_A_SHEET = SHEET_ACROSS**2
QUANTILE_TILE = 48  # pixels of a patch in the row of quantiles
QUANTILE_EXAMPLES = 3  # images a quantile
OUTSIDE = 235  # grey of what lies beyond an image, and of where no tile is
NEIGHBOURS = 4  # channels that are alike
NEIGHBOUR_TILE = 32  # pixels of a patch of a channel that is alike
NEIGHBOUR_EXAMPLES = 3  # patches of each
KERNEL_TILE = 64  # pixels of one kernel on the picture of kernels
KERNEL_GAP = 4  # pixels of mid-grey between kernels


def layer_folder(root: Path, layer: str) -> Path:
    return root / "layers" / escape(layer)


def numbers_file(root: Path, layer: str) -> Path:
    return layer_folder(root, layer) / "numbers.safetensors"


def strip_file(root: Path, layer: str, channel: int) -> Path:
    return layer_folder(root, layer) / "strips" / f"{channel}.jpg"


def context_file(root: Path, layer: str, channel: int) -> Path:
    return layer_folder(root, layer) / "context" / f"{channel}.jpg"


def quantiles_file(root: Path, layer: str, channel: int) -> Path:
    """Only in older atlases, as ``sources_file``: now both are rows of ``context_file``."""
    return layer_folder(root, layer) / "quantiles" / f"{channel}.jpg"


def sources_file(root: Path, layer: str, channel: int) -> Path:
    return layer_folder(root, layer) / "sources" / f"{channel}.jpg"


def evolution_file(root: Path, layer: str) -> Path:
    return layer_folder(root, layer) / "evolution.safetensors"


def evolution_picture(root: Path, layer: str, channel: int) -> Path:
    return layer_folder(root, layer) / "evolution" / f"{channel}.jpg"


def peaks_file(root: Path, layer: str) -> Path:
    return layer_folder(root, layer) / "peaks.safetensors"


def sheet_file(root: Path, layer: str, kind: str, sheet: int) -> Path:
    """``kind`` is ``patches`` or ``projections``."""
    return layer_folder(root, layer) / "sheets" / f"{kind}-{sheet:03d}.jpg"


def kernels_file(root: Path, layer: str) -> Path:
    return layer_folder(root, layer) / "kernels.png"


def weights_file(root: Path, layer: str) -> Path:
    return layer_folder(root, layer) / "weights.safetensors"


def loupe_file(root: Path, layer: str) -> Path:
    return layer_folder(root, layer) / "loupe.safetensors"


def loupe_maps_file(root: Path, layer: str, chosen: int) -> Path:
    return layer_folder(root, layer) / "loupe" / f"{chosen}.png"


def layer_maps_file(root: Path, layer: str, chosen: int) -> Path:
    return layer_folder(root, layer) / "maps" / f"{chosen}.png"


def thumbs_file(root: Path, sheet: int) -> Path:
    return root / "images" / f"thumbs-{sheet:03d}.jpg"


def photo_file(root: Path, row: int) -> Path:
    return root / "images" / f"photo-{row}.png"


def map_file(root: Path, key: str) -> Path:
    return root / "maps" / f"{key}.safetensors"


def stack_folder(root: Path, row: int) -> Path:
    return root / "stacks" / str(row)


def upload_folder(root: Path, key: str) -> Path:
    return root / "uploads" / key


def why_file(root: Path, row: int, against: int) -> Path:
    """``against`` is an index into the model's classes."""
    return root / "why" / f"{row}-{against}.json"
