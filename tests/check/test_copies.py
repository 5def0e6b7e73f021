"""Near copies: found whatever was done to them, and nobody else accused."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from PIL.Image import Transpose
from scipy.fft import dctn

from convscope.check.alignment import compare, rough_fit
from convscope.check.copies import FREQUENCIES, LIKELY, descriptors, find_copies, likely_pairs
from convscope.check.duplicates import linked
from convscope.images.seen import thumbnail

from .drawn import drawn

CLEAN = 120
CHANGES = {
    "re-encoded": lambda p: encoded(p, 45),
    "smaller": lambda p: p.resize((44, 44), Image.Resampling.BICUBIC),
    "larger": lambda p: p.resize((150, 140), Image.Resampling.BICUBIC),
    "cropped at one corner": lambda p: p.crop((0, 0, 92, 91)),
    "cropped all round": lambda p: p.crop((3, 3, 93, 93)),
    "mirrored": lambda p: p.transpose(Transpose.FLIP_LEFT_RIGHT),
    "brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.15),
    "all at once": lambda p: encoded(ImageEnhance.Brightness(p.crop((4, 2, 95, 94))).enhance(0.9), 70),
}


def encoded(picture: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def small(picture: Image.Image) -> np.ndarray:
    return np.frombuffer(thumbnail(np.asarray(picture)), np.uint8).reshape(32, 32, 3)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [drawn(seed) for seed in range(CLEAN)]


@pytest.fixture(scope="module")
def clean(pictures) -> np.ndarray:
    return np.stack([small(picture) for picture in pictures])


def copies(thumbnails: np.ndarray, side: int = 96) -> set[tuple[int, int]]:
    pairs = find_copies(thumbnails, np.full(len(thumbnails), side))
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


def test_pictures_without_copies_are_not_accused(clean):
    assert copies(clean) == set()


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_changed_copy_is_found(pictures, clean, change):
    changed = np.stack([small(CHANGES[change](picture)) for picture in pictures[:40]])
    found = copies(np.concatenate([clean, changed]))
    right = {(row, CLEAN + row) for row in range(40)}
    assert len(found & right) >= 39
    assert found <= right


def test_a_mirrored_copy_is_said_to_be_mirrored(pictures, clean):
    turned = small(CHANGES["mirrored"](pictures[7]))
    pairs = find_copies(np.concatenate([clean, [turned], [small(pictures[9])]]), np.full(CLEAN + 2, 96))
    assert dict(zip(pairs.first.tolist(), pairs.mirrored.tolist(), strict=True)) == {7: True, 9: False}


def test_the_same_drawing_in_another_colour_is_another_picture(pictures, clean):
    swapped = [small(Image.fromarray(np.asarray(pictures[row])[:, :, ::-1])) for row in range(20)]
    assert len(copies(np.concatenate([clean, swapped]))) <= 1


def test_a_picture_that_differs_in_one_place_is_another_picture(pictures, clean):
    changed = []
    for row in range(20):
        pixels = np.asarray(pictures[row]).copy()
        pixels[26:50, 26:50] = np.asarray(pictures[row + 50])[26:50, 26:50]
        changed.append(small(Image.fromarray(pixels)))
    assert len(copies(np.concatenate([clean, changed]))) <= 1


def test_blank_pictures_are_nobodys_copies():
    blank = np.full((6, 32, 32, 3), 200, np.uint8)
    blank[3:] = 90
    assert copies(blank) == set()


def test_in_small_pictures_only_what_is_nearly_equal_counts(pictures, clean):
    """Given pictures of 28 pixels, a lighter copy is still found, and 400 trousers and shirts do not accuse each other."""
    from convscope.images import open_images

    fashion = open_images("fashion").subset(range(400))
    tiny = np.stack([fashion.glance(row).small for row in range(400)])
    lighter = np.clip(tiny[:30] * 1.1, 0, 255).astype(np.uint8)
    found = copies(np.concatenate([tiny, lighter]), side=28)
    assert len(found & {(row, 400 + row) for row in range(30)}) >= 29
    assert len({row for pair in found for row in pair if max(pair) < 400}) <= 4


def test_descriptors_are_the_cosine_transform(clean):
    grey = clean[3] @ np.array([0.299, 0.587, 0.114])
    expected = dctn(grey, norm="ortho")[:FREQUENCIES, :FREQUENCIES]
    order = np.arange(FREQUENCIES)
    expected = (expected * np.sqrt(np.hypot(order[:, None], order))).ravel()
    np.testing.assert_allclose(descriptors(clean)[3], expected / np.linalg.norm(expected), atol=1e-5)


def test_likely_partners_are_those_of_a_slow_search(clean):
    """Given every picture and its mirror image really turned, the likeliest are the same as by the signs of frequencies."""
    upright, turned = descriptors(clean), descriptors(clean[:, :, ::-1])
    expected = set()
    for row in range(CLEAN):
        best = np.maximum(upright[row] @ upright.T, upright[row] @ turned.T)
        best[row] = -1
        ranked = np.argsort(-best)[:4]
        expected |= {(min(row, other), max(row, other)) for other in ranked.tolist() if best[other] > LIKELY}
    pairs = likely_pairs(upright)
    assert set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == expected


def test_alignment_finds_the_move_that_was_made(pictures):
    """Given a cut-out of known place and size, the fit says its scale and shift, and the details agree."""
    first = np.stack([small(picture) for picture in pictures[:30]])
    second = np.stack([small(picture.crop((5, 2, 95, 92))) for picture in pictures[:30]])
    moves, _ = rough_fit(first, second)
    # 90 of 96 pixels are seen; their middle lies 2 pixels right of and 1 above the middle of 48
    np.testing.assert_allclose(np.median(moves, axis=0), [90 / 96, 2 / 48, 90 / 96, -1 / 48], atol=0.01)
    assert np.median(compare(first, second, moves).details) > 0.75


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), min_size=2, max_size=4), max_size=8))
def test_linked_groups_are_the_connected_ones(groups):
    together = [set(group) for group in groups]
    merged = True
    while merged:
        merged = False
        for one in together:
            other = next((two for two in together if two is not one and one & two), None)
            if other:
                one |= other
                together.remove(other)
                merged = True
                break
    assert sorted(map(sorted, together)) == [list(group) for group in linked(groups)]
