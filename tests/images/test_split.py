"""Splits: their shares, their independence of order, and who is never torn apart."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import BadImages
from convscope.images import Images, read_split, split_images, write_split


def labelled(labels: list[int], groups: list[str] | None = None, splits: list[str] | None = None) -> Images:
    pixels = np.zeros((2, 2, 1), np.uint8)
    return Images(
        "made up",
        tuple(f"{row}.png" for row in range(len(labels))),
        np.array(labels, dtype=np.int64),
        tuple("abcdefgh"[: max(labels) + 1]),
        tuple(splits or [""] * len(labels)),
        read=lambda row: pixels,
        groups=None if groups is None else tuple(groups),
    )


def counts(images: Images) -> dict[tuple[int, str], int]:
    return dict(Counter(zip(images.labels.tolist(), images.splits, strict=True)))


def test_every_class_gives_its_share():
    images = split_images(labelled([0] * 10 + [1] * 50), val=0.2, test=0.1)

    assert counts(images) == {
        (0, "train"): 7, (0, "val"): 2, (0, "test"): 1,
        (1, "train"): 35, (1, "val"): 10, (1, "test"): 5,
    }  # fmt: skip


def test_the_split_depends_on_the_seed_but_not_on_the_order():
    images = labelled([0, 1] * 30)
    by_id = dict(zip(images.ids, split_images(images).splits, strict=True))

    backwards = split_images(images.subset(range(59, -1, -1)))
    other = split_images(images, seed=1)

    assert dict(zip(backwards.ids, backwards.splits, strict=True)) == by_id
    assert other.splits != split_images(images).splits
    assert counts(other) == counts(split_images(images))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=40), st.integers(0, 5))
def test_groups_stay_whole_and_every_class_is_trained(rows, seed):
    labels, groups = [label for label, _ in rows], [f"group {group}" for _, group in rows]

    images = split_images(labelled(labels, groups), val=0.3, test=0.2, seed=seed)

    sides = dict(zip(groups, images.splits, strict=True))
    assert images.splits == tuple(sides[group] for group in groups)
    assert {label for label, split in zip(labels, images.splits, strict=True) if split == "train"} == set(
        labels
    )


def test_a_class_hidden_in_groups_of_another_class_is_trained():
    images = labelled([0, 0, 1, 0, 0, 2], groups=["x", "x", "x", "y", "y", "y"])

    images = split_images(images, val=0.5)

    assert set(images.split("train").labels) == {0, 1, 2}


def test_a_class_with_a_single_image_is_trained_on_and_said():
    images = split_images(labelled([0, 1, 1, 1, 1, 1]))

    assert images.splits[0] == "train"
    assert images.notes == ("Used for training only, as they have a single image or group: 'a'.",)


def test_a_class_of_two_is_shared():
    assert counts(split_images(labelled([0, 0]), val=0.1)) == {(0, "train"): 1, (0, "val"): 1}


def test_splits_of_the_source_are_kept():
    images = labelled([0] * 10, splits=["train"] * 8 + ["val"] * 2)

    again = split_images(images, val=0.5, test=0.2)

    assert again.splits == images.splits
    assert again.notes == ("No test images were split off: the source has its own splits.",)


def test_val_is_cut_from_train_where_only_test_is_given():
    images = split_images(labelled([0] * 12, splits=["train"] * 10 + ["test"] * 2))

    assert images.splits[10:] == ("test", "test")
    assert Counter(images.splits) == {"train": 8, "val": 2, "test": 2}


@pytest.mark.parametrize(("val", "test"), [(1.0, 0.0), (0.5, 0.5), (-0.1, 0.0)])
def test_shares_that_leave_nothing_are_refused(val, test):
    with pytest.raises(BadImages, match=f"cannot split off val={val} and test={test}: the shares must leave"):
        split_images(labelled([0] * 4), val=val, test=test)


def test_a_written_split_is_read_again(tmp_path):
    images = labelled([0, 1] * 10)
    images = split_images(replace(images, ids=('comma, "quote"\n', *images.ids[1:])))

    write_split(images, tmp_path / "split.csv")
    again = read_split(replace(images, splits=("",) * 20).subset(range(19, -1, -1)), tmp_path / "split.csv")

    assert again.splits == images.splits[::-1]
    assert (tmp_path / "split.csv").read_text().startswith("id,label,split\n")


def test_a_split_of_other_images_is_refused(tmp_path):
    path = tmp_path / "split.csv"
    write_split(split_images(labelled([0] * 5)), path)

    with pytest.raises(
        BadImages, match=r"does not fit made up: 1 of its images are not there, 0 .* \(first: 4\.png\)"
    ):
        read_split(labelled([0] * 4), path)
    with pytest.raises(
        BadImages, match=r"0 of its images are not there, 1 images have no split \(first: 5\.png\)"
    ):
        read_split(labelled([0] * 6), path)


def test_a_file_that_is_no_split_is_refused(tmp_path):
    (tmp_path / "split.csv").write_text("name,part\n1,2\n")

    with pytest.raises(BadImages, match="is no split: its columns must be id, label, split"):
        read_split(labelled([0]), tmp_path / "split.csv")
    with pytest.raises(BadImages, match=r"cannot read the split .*: No such file"):
        read_split(labelled([0]), tmp_path / "none.csv")
