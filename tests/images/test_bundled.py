"""The bundled sets: what they promise in their PROVENANCE.md."""

import hashlib
from collections import Counter

import numpy as np
import pytest

from convscope.images import open_images, split_images
from convscope.images.bundled import DATA, cut


def test_emoji_are_what_their_provenance_says():
    images = open_images("emoji")

    assert len(images) == 2222
    assert images.classes == (
        "Activities", "Animals & Nature", "Flags", "Food & Drink", "Objects",
        "People & Body", "Smileys & Emotion", "Symbols", "Travel & Places",
    )  # fmt: skip
    assert Counter(images.splits) == {"train": 1797, "val": 425}
    assert images[0].shape == (64, 64, 3)
    assert "smileys-emotion/1f600-grinning" in images.ids


def test_no_group_and_no_picture_of_the_emoji_is_on_both_sides():
    images = open_images("emoji")
    sides, pictures = {}, {}

    for i in range(len(images)):
        sides.setdefault(images.groups[i], set()).add(images.splits[i])
        pictures.setdefault(images[i].tobytes(), set()).add(images.splits[i])

    assert all(len(side) == 1 for side in sides.values())
    assert all(len(side) == 1 for side in pictures.values())


@pytest.mark.parametrize(
    "variants",
    [
        {"1f468-200d-2695-fe0f", "1f469-200d-2695-fe0f", "1f9d1-200d-2695-fe0f"},  # doctors
        {"1f926-200d-2640-fe0f", "1f926-200d-2642-fe0f", "1f926"},  # face palm
        {"1f3c3", "1f3c3-200d-27a1-fe0f"},  # runner, to the left and to the right
        {"1f385", "1f936", "1f9d1-200d-1f384"},  # santa
        {"1f48f", "1f491", "1f46a", "1f468-200d-1f469-200d-1f466"},  # couples and families
    ],
)
def test_variants_of_one_emoji_are_one_group(variants):
    images = open_images("emoji")
    group_of = dict(zip(images.ids, images.groups, strict=True))

    groups = [{group for name, group in group_of.items() if f"/{variant}-" in name} for variant in variants]

    assert all(groups)
    assert len(set.union(*groups)) == 1


def test_fashion_is_what_its_provenance_says():
    images = open_images("fashion")

    assert Counter(zip(images.labels.tolist(), images.splits, strict=True)) == {
        (label, split): count for label in range(10) for split, count in (("train", 1000), ("test", 100))
    }
    assert images[0].shape == (28, 28, 1)
    assert images.classes[images.labels[images.ids.index("train/00000")]] == "Ankle boot"
    assert Counter(split_images(images).splits) == {"train": 8000, "val": 2000, "test": 1000}


@pytest.mark.parametrize("name", ["emoji", "fashion"])
def test_pixels_are_those_that_were_packed(name):
    images = open_images(name)

    pixels = np.stack([images[i] for i in range(len(images))])

    assert hashlib.sha256(pixels.tobytes()).hexdigest() == images.evidence(0)


def test_each_set_carries_its_licence_and_all_fit_in_the_wheel():
    for folder in (DATA / "emoji", DATA / "fashion"):
        assert "licen" in (folder / "LICENSE").read_text().lower()
        assert "Licence" in (folder / "PROVENANCE.md").read_text()

    assert sum(file.stat().st_size for file in DATA.rglob("*") if file.is_file()) < 12_000_000


def test_demo_is_another_name_and_a_folder_of_that_name_is_said(tmp_path, monkeypatch):
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)

    assert open_images("demo").digest == open_images("emoji").digest
    assert open_images("demo").notes == (
        "The bundled set is used; for the folder of that name write ./demo.",
    )


def test_tiles_are_cut_row_by_row():
    sheet = np.arange(4 * 6, dtype=np.uint8).reshape(4, 6, 1)

    tiles = cut(sheet, 2, 5)

    assert tiles.shape == (5, 2, 2, 1)
    assert tiles[4, :, :, 0].tolist() == [[14, 15], [20, 21]]
