"""What Python shows of an answer at its prompt: one line that names it, never its numbers."""

import numpy as np
import pytest

import convscope as cs
from convscope.diagnosis.symptoms import Diagnosis

from .test_lenses import small

SIDE, CLASSES = 24, ("cat", "dog", "hen")
PIXELS = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3)).astype(np.uint8)


def model():
    return small("module", (3, SIDE, SIDE))


def images():
    return cs.open_images(PIXELS, labels=[0, 1, 2], classes=CLASSES)


ANSWERS = {
    "look": (lambda: cs.look(model(), PIXELS[0], unit="conv1:2", lens="gradient"), "gradient"),
    "maps": (lambda: cs.maps(model(), PIXELS[0]), "Small"),
    "one of maps": (lambda: cs.maps(model(), PIXELS[0]).layers["conv1"], "conv1: 6 maps of 24x24"),
    "shift": (lambda: cs.shift(model(), PIXELS[0], by="0..2"), "0..2 pixels"),
    "one of shift": (
        lambda: cs.shift(model(), PIXELS[0], by="0..2").model.output,
        "head: 1 pictures x 3 shifts",
    ),
    "convolve": (lambda: cs.convolve(PIXELS[0], "sobel-x"), "a map of 22x22"),
    "predict": (lambda: cs.predict(model(), images())[0], "%"),
    "summary": (lambda: cs.summary(model()), "parameters"),
    "layer": (lambda: model().layer("conv1"), "conv1"),
    "check": (lambda: cs.check(images()), "3 images"),
    "diagnose": (lambda: Diagnosis(()), "no symptom"),
    "images": (images, "3 images"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_names_itself_in_a_line_without_its_numbers(name):
    make, says = ANSWERS[name]
    shown = repr(make())
    assert says in shown
    assert "\n" not in shown
    assert "array(" not in shown
    assert len(shown) < 300
