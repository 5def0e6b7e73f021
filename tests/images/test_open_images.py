"""The one way in: labels and names, subsets, files by name, and the parts that must fit."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from convscope.errors import BadImages
from convscope.images import Images, open_images

STACK = np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2)


def test_labels_may_be_numbers_or_names():
    named = open_images(STACK, labels=["dog", "cat", "dog", "cat2"])
    numbered = open_images(STACK, labels=[0, 2, 1, -1], classes=["a", "b", "c"])

    assert named.classes == ("cat", "cat2", "dog")
    assert named.labels.tolist() == [2, 0, 2, 1]
    assert [numbered.classes[label] for label in numbered.labels[:3]] == ["a", "c", "b"]


def test_class_names_may_be_given_in_another_order():
    images = open_images(STACK, labels=["dog", "cat", "dog", "dog"])

    other = open_images(images, classes=["wolf", "dog", "cat"])

    assert [other.classes[label] for label in other.labels] == ["dog", "cat", "dog", "dog"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": [0, 1]}, "2 labels for 4 images; give one per image"),
        ({"labels": [0, 1, 2, 5], "classes": ["a"]}, "labels run from 0 to 5, but there are 1 class names"),
        ({"labels": ["a", "b", "x", "a"], "classes": ["a", "b"]}, "label 'x' is not among the classes a, b"),
    ],
)
def test_labels_that_do_not_fit_are_refused(options, message):
    with pytest.raises(BadImages, match=message):
        open_images(STACK, **options)


def test_class_names_that_do_not_fit_are_refused():
    images = open_images(STACK, labels=["dog", "cat", "dog", "dog"])

    with pytest.raises(
        BadImages, match=r"has the classes cat, dog, which are not all in classes=\['cow', 'dog'\]"
    ):
        open_images(images, classes=["cow", "dog"])


def test_a_subset_carries_everything_along():
    images = open_images(STACK, labels=[0, 1, 0, 1])

    for rows in ([3, 1], np.array([3, 1])):
        chosen = images.subset(rows).subset([1, 0, 1][:2])
        assert chosen.ids == ("00001", "00003")
        assert np.array_equal(chosen[1], images[3])
    assert images.subset(np.array([True, False, False, True])).ids == ("00000", "00003")
    assert images.subset([2, 0]).sorted_by_id().ids == ("00000", "00002")
    assert len(images.subset([])) == 0


def test_images_can_be_indexed_like_a_list():
    images = open_images(STACK)

    assert np.array_equal(images[-1], images[3])
    assert len(list(images)) == 4
    with pytest.raises(IndexError):
        images.subset([0])[1]


def test_an_unknown_split_names_those_that_are_there():
    with pytest.raises(
        BadImages, match="arrays has no split 'val'; splits there: none; make them with split_images"
    ):
        open_images(STACK).split("val")
    with pytest.raises(BadImages, match="emoji has no split 'test'; splits there: train, val"):
        open_images("emoji").split("test")


def test_ids_must_be_unique():
    with pytest.raises(BadImages, match="the id 'a' is there more than once"):
        Images("two", ("a", "a"), np.array([0, 0]), ("x",), ("", ""), read=STACK.__getitem__)


def test_files_can_be_given_one_by_one(tmp_path):
    paths = [tmp_path / "b.png", tmp_path / "a.png", tmp_path / "text.jpg", tmp_path / "none.png", tmp_path]
    Image.new("L", (3, 2), 7).save(paths[0]), Image.new("L", (3, 2), 8).save(paths[1])
    paths[2].write_text("text")

    alone, several = open_images(paths[0]), open_images([*map(str, paths), paths[1]])

    assert (len(alone), alone.name, alone[0].max()) == (1, "b.png", 7)
    assert several.ids == (paths[0].as_posix(), paths[1].as_posix())
    assert [problem.reason[:12] for problem in several.problems] == [
        "not an image",
        "cannot be op",
        "a folder",
    ]
    assert "Files given more than once: 1." in several.notes


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "text.jpg").write_text("text")

    with pytest.raises(BadImages, match=r"cannot read .*text\.jpg: not an image in a format"):
        open_images(tmp_path / "text.jpg")
    with pytest.raises(
        BadImages, match=r"cannot read .*none\.jpg \(and 1 other files\): cannot be opened: No such file"
    ):
        open_images([tmp_path / "none.jpg", tmp_path / "text.jpg"])


def test_images_are_opened_without_torch(tmp_path):
    code = (
        "import sys; from convscope.images import open_images; open_images('fashion')[0];"
        "assert 'torch' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
