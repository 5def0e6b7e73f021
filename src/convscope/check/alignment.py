"""Lay one small picture on another: how alike two pictures are once moved, scaled and lit alike."""

from dataclasses import dataclass

import numpy as np

FARTHEST = 0.15  # of half the side: moves beyond are no crop of a few per cent
SCALES = (0.85, 1.18)
FLAT = 4.0  # levels; a picture that varies less is not stretched to full contrast
DARK = 16.0  # levels added to the brightness, as the colour of the nearly black says little
CELL = 8  # pixels; differences are looked for in cells of this side
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Likeness:
    """How alike pairs of pictures are after the best fit, one number a pair each.

    Correlation of grey ``values``, of ``details`` (4-neighbour Laplacian) over the whole and in the
    ``weakest`` cell, and the largest difference of ``colour`` in any cell, as a share of the brightness.
    Pictures of one layout agree in values, only copies agree in details, everywhere, and in colour.
    """

    values: np.ndarray
    details: np.ndarray
    weakest: np.ndarray
    colour: np.ndarray


def rough_fit(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moves ``[n, 4]`` of first onto second, thumbnails at half their size, and the correlation after them.

    Scale and place along both axes, gain and offset are fitted by Gauss-Newton steps (Lucas and Kanade 1981).
    """
    upper, lower = (_half(_contrast(luminance(pictures))) for pictures in (first, second))
    start = np.tile(np.array([1, 0, 1, 0], np.float32), (len(first), 1))
    moves = fit(upper, lower, start, steps=5)
    moved, inside = _moved(upper, moves)
    return moves, _correlation(moved, lower, inside)


def compare(first: np.ndarray, second: np.ndarray, moves: np.ndarray) -> Likeness:
    """Likeness of thumbnails uint8 ``[n, 32, 32, 3]``, one by one, from the moves of a rough fit on.

    What lies outside after the move does not count.
    """
    upper, lower = (_contrast(luminance(pictures)) for pictures in (first, second))
    moves = fit(upper, lower, moves, steps=3)
    moved, inside = _moved(upper, moves)
    details = _laplacian(moved) * inside, _laplacian(lower) * inside
    return Likeness(
        values=_correlation(moved, lower, inside),
        details=_correlation(details[0], details[1], inside),
        weakest=_weakest_cell(details[0], details[1]),
        colour=_colour_difference(first, second, moves, inside),
    )


def luminance(pictures: np.ndarray) -> np.ndarray:
    return pictures.astype(np.float32) @ LUMINANCE


def fit(first: np.ndarray, second: np.ndarray, moves: np.ndarray, steps: int) -> np.ndarray:
    """Moves ``[n, 4]`` (scale x, shift x, scale y, shift y; 1 is half the side) of first onto second."""
    count, side = first.shape[:2]
    places = _places(side)
    damping = np.eye(6) * 1e-3 * side * side
    for _ in range(steps):
        moved, inside = _moved(first, moves)
        across = np.gradient(moved, axis=2) * (side / 2)
        down = np.gradient(moved, axis=1) * (side / 2)
        slopes = (across * places, across, down * places[:, None], down, moved, np.ones_like(moved))
        slopes = np.stack(slopes, 1).reshape(count, 6, -1)
        weights = inside.reshape(count, 1, -1)
        errors = (second - moved).reshape(count, -1, 1)
        normal = (slopes * weights) @ slopes.transpose(0, 2, 1) + damping
        change = np.linalg.solve(normal, (slopes * weights) @ errors)[:, :4, 0]
        moves = _bounded(moves + np.clip(change, -0.1, 0.1))
    return moves


def _bounded(moves: np.ndarray) -> np.ndarray:
    low = np.array([SCALES[0], -FARTHEST] * 2)
    high = np.array([SCALES[1], FARTHEST] * 2)
    return np.clip(moves, low, high).astype(np.float32)


def _moved(pictures: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pictures seen through the moves (bilinear), and 1 where that lies inside them."""
    side = pictures.shape[1]
    centre = (side - 1) / 2
    x, y = (
        (moves[:, [axis]] * _places(side) + moves[:, [axis + 1]]) * (side / 2) + centre for axis in (0, 2)
    )
    moved = _weights(y) @ pictures @ _weights(x).transpose(0, 2, 1)
    within = [((at > -0.01) & (at < side - 0.99)).astype(np.float32) for at in (x, y)]
    return moved, within[1][:, :, None] * within[0][:, None, :]


def _weights(positions: np.ndarray) -> np.ndarray:
    """Bilinear weights ``[n, side, side]`` of every source pixel for every position along one axis."""
    side = positions.shape[1]
    clipped = np.clip(positions, 0, side - 1)[:, :, None]
    return np.maximum(0, 1 - np.abs(clipped - np.arange(side, dtype=np.float32)))


def _places(side: int) -> np.ndarray:
    """Centres of the pixels, -1 to 1 over the side."""
    return ((np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1).astype(np.float32)


def _contrast(pictures: np.ndarray) -> np.ndarray:
    centred = pictures - pictures.mean((1, 2), keepdims=True)
    return centred / np.maximum(centred.std((1, 2), keepdims=True), FLAT)


def _half(pictures: np.ndarray) -> np.ndarray:
    count, side = pictures.shape[:2]
    return pictures.reshape(count, side // 2, 2, side // 2, 2).mean((2, 4))


def _laplacian(pictures: np.ndarray) -> np.ndarray:
    """Four times a pixel less its neighbours; 0 at the border."""
    edges = np.zeros_like(pictures)
    around = pictures[:, :-2, 1:-1] + pictures[:, 2:, 1:-1] + pictures[:, 1:-1, :-2] + pictures[:, 1:-1, 2:]
    edges[:, 1:-1, 1:-1] = 4 * pictures[:, 1:-1, 1:-1] - around
    return edges


def _weakest_cell(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The lowest correlation of details in any cell; cells with few details count as if alike."""
    power = np.sqrt(_cells(first**2) * _cells(second**2))
    usual = 0.3 * power.mean((1, 2), keepdims=True) + 1e-6
    return ((_cells(first * second) + usual) / (power + usual)).min((1, 2))


def _colour_difference(
    first: np.ndarray, second: np.ndarray, moves: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    area = np.maximum(_cells(inside), 1)
    tints = [_tint(first), _tint(second)]
    worst = np.zeros(len(first), np.float32)
    for channel in range(3):
        moved, _ = _moved(np.ascontiguousarray(tints[0][..., channel]), moves)
        difference = _cells((moved - tints[1][..., channel]) * inside) / area
        worst = np.maximum(worst, np.abs(difference).max((1, 2)))
    return worst


def _tint(pictures: np.ndarray) -> np.ndarray:
    """Red, green and blue less the luminance, as a share of the mean brightness of the picture."""
    grey = luminance(pictures)
    return (pictures - grey[..., None]) / (grey.mean((1, 2))[:, None, None, None] + DARK)


def _cells(values: np.ndarray) -> np.ndarray:
    """Sums over cells: ``[n, side / CELL, side / CELL]``."""
    count, side = values.shape[:2]
    return values.reshape(count, side // CELL, CELL, side // CELL, CELL).sum((2, 4))


def _correlation(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Of the values where ``inside`` is 1, one number a picture."""
    count = len(first)
    weights = inside.reshape(count, -1)
    total = weights.sum(1, keepdims=True)
    parts = []
    for values in (first.reshape(count, -1), second.reshape(count, -1)):
        parts.append((values - (values * weights).sum(1, keepdims=True) / total) * weights)
    power = (parts[0] ** 2).sum(1) * (parts[1] ** 2).sum(1)
    return (parts[0] * parts[1]).sum(1) / np.sqrt(power + 1e-3)
