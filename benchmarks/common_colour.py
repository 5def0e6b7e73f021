"""Whether the colour of a projection is its channel's, or one that all channels of a layer share.

    python benchmarks/common_colour.py MODEL DATA --layers relu1 relu4 [--weights FILE] [--units 20]

Of random channels and images a map each: the sum of its values by colour, as a share of the sum of their sizes.
Told are the mean of these, and how alike they are: the cosine of each to the mean of the others. Were colours the
channels' own, it would be near zero; it is 1 where all of them have the same. Writes common_colour.json.
"""

import argparse
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from measuring import about

import convscope as cs
from convscope.plain.files import write_json

LENSES = ("deconvnet", "guided", "gradient")


def colour(array: np.ndarray) -> np.ndarray | None:
    """Signed share of a map ``[h, w, 3]`` by colour; None where it is zero."""
    size = np.abs(array).sum()
    return array.sum((0, 1), dtype=float) / size if size else None


def alike(colours: np.ndarray) -> float:
    """Median cosine of each ``[n, 3]`` to the mean of the others."""
    others = (colours.sum(0) - colours) / (len(colours) - 1)
    lengths = np.linalg.norm(colours, axis=1) * np.linalg.norm(others, axis=1)
    return median(((colours * others).sum(1) / lengths).tolist())


def measured(model: cs.Model, images: cs.Images, layer: str, units: int) -> dict[str, Any]:
    """Of one layer, by lens: the mean colour, and how alike."""
    rng = np.random.default_rng(0)
    channels = rng.integers(0, model.layer(layer).channels, units)
    rows = rng.integers(0, len(images), units)
    told: dict[str, Any] = {"layer": layer}
    for lens in LENSES:
        maps = [
            cs.look(model, images[int(row)], unit=f"{layer}:{channel}", lens=lens).array
            for row, channel in zip(rows, channels, strict=True)
        ]
        colours = np.array([one for one in map(colour, maps) if one is not None])
        told[lens] = {
            "mean share by colour": (colours.mean(0).round(3) + 0.0).tolist(),
            "cosine to the others": round(alike(colours), 2),
            "maps": len(colours),
        }
    return told


def main(asked: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    model = cs.open_model(asked.model, weights=asked.weights)
    images = cs.open_images(asked.data)
    rows = []
    for layer in asked.layers:
        rows.append(measured(model, images, layer, asked.units))
        print(rows[-1], flush=True)
    made = about(
        __file__, ["torch"], model=asked.model, images=Path(asked.data).as_posix(), units=asked.units
    )
    write_json(Path(__file__).with_suffix(".json"), {"about": made, "rows": rows})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--layers", nargs="+", required=True)
    parser.add_argument("--weights")
    parser.add_argument("--units", type=int, default=20)
    main(parser.parse_args())
