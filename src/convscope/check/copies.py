"""Pictures that are one picture: re-encoded, resized, cropped a little, mirrored or lit otherwise."""

from dataclasses import dataclass

import numpy as np

from convscope.check.alignment import Likeness, compare, luminance, rough_fit

FREQUENCIES = 8  # of the cosine transform, each way: 64 numbers a picture
LIKELY = 0.5  # correlation of these numbers from which a pair is looked at closely
NEIGHBOURS = 4  # likeliest partners of each picture that are looked at closely
ROUGHLY = 0.8  # correlation at half the size from which the fit is refined
# after the fit, a copy: correlation of values and of details, over the whole and in the cell where they agree
# least, and both together, so that a face that moved only its mouth is another picture
VALUES, DETAILS, WEAKEST, TOGETHER = 0.85, 0.5, 0.2, 1.0
CERTAIN = 0.95  # of details: a copy in any set
COLOUR = 0.15  # of the brightness: the same drawing in another colour is another picture
BLOCK, PAIRS = 1024, 512  # rows and pairs worked on at a time, so that memory stays flat
BLANK = 2.0  # levels; a picture that varies less has nothing to compare
SMALL = 48  # pixels of the shorter side; below, too little is left to tell a crop from another picture
SMALL_DETAILS = 0.9


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures by their rows, ``first < second``, how alike their details are, which are mirrored."""

    first: np.ndarray
    second: np.ndarray
    details: np.ndarray
    mirrored: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def where(self, chosen: np.ndarray) -> "Pairs":
        return Pairs(self.first[chosen], self.second[chosen], self.details[chosen], self.mirrored[chosen])


def find_copies(thumbnails: np.ndarray, shorter: np.ndarray) -> Pairs:
    """Near copies among thumbnails uint8 ``[n, 32, 32, 3]`` of pictures with these shorter sides in pixels.

    Two stages: 64 low frequencies of every picture against every other and its mirror image, then the
    likeliest few laid on each other (``alignment``). Where the pictures of a set resemble each other anyway,
    such as digits or faces from one studio, a pair must stand out from those: its details must differ by
    less than half of what a picture's fourth likeliest partner does in the median.
    """
    if len(thumbnails) < 2:
        return _none()
    pairs, every = _verified(thumbnails, likely_pairs(descriptors(thumbnails)))
    usual = _usual_difference(every, len(thumbnails))
    needed = np.where(np.minimum(shorter[pairs.first], shorter[pairs.second]) < SMALL, SMALL_DETAILS, DETAILS)
    needed = np.minimum(np.maximum(needed, 1 - usual / 2), CERTAIN)
    return pairs.where(pairs.details >= needed)


def descriptors(thumbnails: np.ndarray) -> np.ndarray:
    """Unit vectors float32 ``[n, 64]``: low cosine frequencies of the luminance, higher ones weighted up.

    Zero where a picture is blank.
    """
    basis = cosines(thumbnails.shape[1], FREQUENCIES)
    order = np.arange(FREQUENCIES, dtype=np.float32)
    weights = np.sqrt(np.hypot(order[:, None], order))
    rows = []
    for start in range(0, len(thumbnails), BLOCK):
        grey = luminance(thumbnails[start : start + BLOCK])
        coefficients = basis @ grey @ basis.T * weights
        coefficients[grey.std((1, 2)) < BLANK] = 0
        rows.append(coefficients.reshape(len(grey), -1))
    flat = np.concatenate(rows)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def cosines(side: int, count: int) -> np.ndarray:
    """The first rows of the orthonormal cosine transform (DCT-II), float32 ``[count, side]``."""
    angles = np.arange(count)[:, None] * (2 * np.arange(side) + 1) * (np.pi / (2 * side))
    scales = np.where(np.arange(count) == 0, np.sqrt(1 / side), np.sqrt(2 / side))
    return (np.cos(angles) * scales[:, None]).astype(np.float32)


def likely_pairs(vectors: np.ndarray) -> Pairs:
    """For each picture its likeliest partners, upright or mirrored; ``details`` hold the likelihood."""
    # a mirror image has the odd horizontal frequencies with the other sign
    signs = np.tile(np.where(np.arange(FREQUENCIES) % 2, -1, 1), FREQUENCIES).astype(np.float32)
    found = [_likeliest(vectors, vectors * signs, start) for start in range(0, len(vectors), BLOCK)]
    first, second, likelihood, mirrored = (np.concatenate(parts) for parts in zip(*found, strict=True))
    low, high = np.minimum(first, second), np.maximum(first, second)
    _, unique = np.unique(low.astype(np.int64) * len(vectors) + high, return_index=True)
    return Pairs(low[unique], high[unique], likelihood[unique], mirrored[unique])


def _likeliest(vectors: np.ndarray, mirrored: np.ndarray, start: int) -> tuple[np.ndarray, ...]:
    block = vectors[start : start + BLOCK]
    upright, turned = block @ vectors.T, block @ mirrored.T
    rows = np.arange(len(block))
    upright[rows, start + rows] = turned[rows, start + rows] = -1
    best = np.maximum(upright, turned)
    count = min(NEIGHBOURS, len(vectors) - 1)
    partners = np.argpartition(best, -count, axis=1)[:, -count:]
    likelihood = np.take_along_axis(best, partners, 1)
    row, column = np.nonzero(likelihood > LIKELY)
    chosen = partners[row, column]
    turned_over = turned[row, chosen] > upright[row, chosen]
    return start + row, chosen, likelihood[row, column], turned_over


def _verified(thumbnails: np.ndarray, pairs: Pairs) -> tuple[Pairs, Pairs]:
    """Pairs that agree after alignment, and all pairs, both with how far their details do."""
    agree, details = np.zeros(len(pairs), bool), np.zeros(len(pairs))
    for start in range(0, len(pairs), PAIRS):
        part = np.arange(start, min(start + PAIRS, len(pairs)))
        first, second = thumbnails[pairs.first[part]], thumbnails[pairs.second[part]]
        mirrored = pairs.mirrored[part]
        second[mirrored] = second[mirrored, :, ::-1]
        moves, values = rough_fit(first, second)
        promising = values >= ROUGHLY
        if not promising.any():
            continue
        like = compare(first[promising], second[promising], moves[promising])
        part = part[promising]
        details[part] = like.details
        agree[part] = _copies(like)
    every = Pairs(pairs.first, pairs.second, details, pairs.mirrored)
    return every.where(agree), every


def _copies(like: Likeness) -> np.ndarray:
    alike = (like.values >= VALUES) & (like.details >= DETAILS) & (like.weakest >= WEAKEST)
    return alike & (like.details + like.weakest >= TOGETHER) & (like.colour <= COLOUR)


def _usual_difference(every: Pairs, count: int) -> float:
    """How far the details of a picture and its fourth likeliest partner differ, in the median; at most 1."""
    if not len(every):
        return 1.0
    rows = np.concatenate([every.first, every.second])
    details = np.concatenate([every.details, every.details])
    order = np.lexsort((-details, rows))
    rows, details = rows[order], details[order]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    fourth = np.zeros(count)
    fourth[rows[place == NEIGHBOURS - 1]] = details[place == NEIGHBOURS - 1]
    return 1 - max(float(np.median(fourth)), 0.0)


def _none() -> Pairs:
    return Pairs(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0, bool))
