"""What is chosen where the recipe leaves it open, and pixels as the model will see them."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from convscope.images import open_images
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.train.pixels import load
from convscope.train.plan import choose_epochs, plan
from convscope.train.recipe import Recipe


def blank(height: int, width: int, channels: int):
    pixels = np.zeros((4, height, width, channels), np.uint8)
    return open_images(pixels, labels=[0, 1] * 2, classes=("a", "b"))


@pytest.mark.parametrize(
    ("size", "side", "channels", "augment"),
    [((28, 28, 1), 28, 1, "shift"), ((64, 64, 3), 64, 3, "colour"), ((300, 400, 3), 128, 3, "colour")],
)
def test_input_follows_the_images(size, side, channels, augment):
    chosen = plan(blank(*size), 4, Recipe())
    assert (chosen.fit.height, chosen.fit.width, chosen.fit.channels) == (side, side, channels)
    assert chosen.recipe.augment == augment


def test_nothing_is_left_open_and_asked_values_stay():
    recipe = plan(blank(20, 20, 3), 4, Recipe(epochs=3, net="lenet5")).recipe
    assert (recipe.epochs, recipe.net) == (3, "lenet5")
    assert None not in (recipe.imgsz, recipe.batch, recipe.lr)


def test_many_images_are_seen_fewer_times():
    images = blank(64, 64, 3)
    few, many = (plan(images, count, Recipe()).recipe.epochs for count in (500, 100_000))
    assert few > many >= 1


def test_moments_are_those_of_the_pixels(planted):
    images = planted()
    pixels = load(images, Fit(12, 12))
    mean, std = pixels.moments()
    values = np.stack([images[row] for row in range(len(images))]) / 255
    np.testing.assert_allclose(mean, values.mean((0, 1, 2)))
    np.testing.assert_allclose(std, values.std((0, 1, 2)))


def test_training_sees_exactly_what_the_model_is_shown_later(tmp_path, planted):
    from convscope.train.course import start_course

    course = start_course(planted(), "planted", Recipe(out=str(tmp_path), net="4c3 p2"))
    model = Model(torch.nn.Conv2d(3, 2, 3), fit=course.plan.fit, mean=course.mean, std=course.std)
    batch = course.normalise(course.val.values)
    val = course.images.split("val").sorted_by_id()
    for row in range(len(val)):
        torch.testing.assert_close(batch[row], model.preprocess(val[row]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_stays_in_the_process():
    code = (
        "import sys, resource\n"
        "from convscope.plain.machine import keep_freed_memory\n"
        "if sys.argv[1] == 'keep': assert keep_freed_memory()\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "before = faults()\n"
        "for _ in range(9): b = b'x' * 40_000_000; del b\n"
        "print(faults() - before)\n"
    )
    faults = [
        int(subprocess.run([sys.executable, "-c", code, how], capture_output=True, text=True).stdout)
        for how in ("keep", "return")
    ]
    assert faults[0] < faults[1] / 3


def test_a_net_that_was_asked_for_is_told_what_its_strides_break():
    """3 does not divide 5, and floor((20 - 5) / 3) + 1 = 6 windows end at pixel 20, so nothing is dropped."""
    asked = plan(blank(20, 20, 3), 30, Recipe(net="4c5s3:valid 8c3 p2 fc8"))
    always = plan(blank(20, 20, 3), 30, Recipe()).notes
    assert [note.split(":")[0] for note in asked.notes if note not in always] == ["conv1"]
    assert "kernel 5 at stride 3 overlaps unevenly" in asked.notes[0]
    assert plan(blank(20, 20, 3), 30, Recipe(net="4c5:valid p2 8c5:valid p2 fc8")).notes == always


@pytest.mark.parametrize(
    ("multiply_adds", "images", "epochs"),
    [
        (7_000_000, 8000, 12),  # 1,500 steps in the fewest epochs
        (46_000_000, 1203, 33),  # a minute pays for 10: 1,000 steps of 40 pictures, in three and a half
        (46_000_000, 1600, 30),  # four minutes are over before 1,000 steps
        (46_000_000, 195, 60),  # the most, of 12 steps each
        (1_000_000_000, 1600, 12),  # nothing is paid for: the fewest
    ],
)
def test_few_pictures_are_shown_until_there_were_steps_enough_or_four_minutes_over(
    multiply_adds, images, epochs
):
    assert choose_epochs(multiply_adds, images, 1.0) == epochs
