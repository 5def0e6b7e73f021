"""What the Loupe needs: for chosen images, which channels answer in every cell, and where else they do."""

from pathlib import Path

import numpy as np

from convscope.atlas import layout
from convscope.atlas.write import write_loupe, write_picture
from convscope.images.source import Images
from convscope.model.measure import outputs
from convscope.model.model import Model
from convscope.plain.render import unsigned
from convscope.survey.pixels import Pixels
from convscope.survey.workers import each, twins

Strongest = tuple[np.ndarray, np.ndarray]  # channels of every cell and their scores, [TOP, H, W]
TOP = 3
NONE = 65535


def choose(images: Images, count: int, seed: int) -> list[int]:
    """Rows of ``count`` images, drawn evenly from the classes, in row order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    turn: dict[int, int] = {}
    ranked = []
    for row in order:
        label = int(images.labels[row])
        turn[label] = turn.get(label, 0) + 1
        ranked.append((turn[label], len(ranked), int(row)))
    return sorted(row for _, _, row in sorted(ranked)[:count])


def rarity(maps: np.ndarray, p999: np.ndarray, maximum: np.ndarray) -> np.ndarray:
    """Activations ``[C, H, W]`` over each channel's own 99.9th percentile, so that no loud channel wins everywhere."""
    scale = np.where(p999 > 0, p999, maximum)
    safe = np.where(scale > 0, scale, np.inf).astype(np.float32)
    return np.maximum(maps, 0) / safe[:, None, None]


def strongest(scores: np.ndarray, top: int = TOP) -> Strongest:
    """The ``top`` channels of every cell and their scores, ``[top, H, W]``; of equal scores the lower channel."""
    left, turns = scores.copy(), []
    for _ in range(min(top, len(scores))):  # a tenth of the time of sorting all channels
        turns.append(left.argmax(axis=0)[None])
        np.put_along_axis(left, turns[-1], -np.inf, axis=0)
    order = np.concatenate(turns)
    best = np.take_along_axis(scores, order, axis=0)
    channels = np.where(best > 0, order, NONE)
    missing = top - len(channels)
    if missing > 0:  # a layer of one or two channels
        channels = np.pad(channels, ((0, missing), (0, 0), (0, 0)), constant_values=NONE)
        best = np.pad(best, ((0, missing), (0, 0), (0, 0)))
    return channels.astype(np.uint16), best.astype(np.float32)


def write_loupes(
    root: Path,
    model: Model,
    pixels: Pixels,
    chosen: list[int],
    numbers: dict[str, dict[str, np.ndarray]],
    looks_at_pixels: set[str],
) -> None:
    """Loupe arrays, activation maps and photographs of the chosen images."""

    def look(model: Model, item: tuple[int, int]) -> tuple[int, dict[str, Strongest]]:
        place, row = item
        found = {}
        for name, maps in activation_maps(model, pixels, row, list(numbers)).items():
            score = rarity(maps, numbers[name]["p999"], numbers[name]["maximum"])
            found[name] = strongest(score)
            used = np.setdiff1d(np.unique(found[name][0]), [NONE])
            write_picture(layout.loupe_maps_file(root, name, place), stacked(score, used))
            if name in looks_at_pixels:
                write_picture(
                    layout.layer_maps_file(root, name, place), stacked(score, np.arange(len(score)))
                )
        write_picture(layout.photo_file(root, row), pixels.shown(row))
        return place, found

    found = dict(each(twins(model, 1), enumerate(chosen), look))
    for name in numbers if chosen else ():
        channels, scores = zip(*(found[place][name] for place in range(len(chosen))), strict=True)
        write_loupe(root, name, np.stack(channels), np.stack(scores))


def stacked(scores: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """The maps of some channels as one grey picture, one below the other; white is the 99.9th percentile."""
    if len(channels) == 0:
        return np.zeros((1, 1), dtype=np.uint8)
    return unsigned(scores[channels].reshape(-1, scores.shape[2]), 1.0)


def activation_maps(model: Model, pixels: Pixels, row: int, layers: list[str]) -> dict[str, np.ndarray]:
    """Every layer's output for one image, float32 ``[C, H, W]``."""
    found = outputs(model, pixels.batch([row]), layers)
    return {name: maps[0].reshape(maps.shape[1], *(maps.shape[2:] or (1, 1))) for name, maps in found.items()}
