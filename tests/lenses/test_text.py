"""Lenses and their settings as text."""

import pytest

from convscope.errors import BadSpec, UnknownName
from convscope.lenses import lens_text, read_lens
from convscope.lenses.gradcam import GradCAM
from convscope.lenses.integrated_gradients import IntegratedGradients
from convscope.lenses.occlusion import Occlusion
from convscope.lenses.smoothgrad import SmoothGrad


@pytest.mark.parametrize(("text", "lens"), [
    ("occlusion", Occlusion()),
    ("occlusion:size=12,stride=4", Occlusion(size=12, stride=4)),
    ("occlusion:size=none,fill=0.25", Occlusion(fill=0.25)),
    ("gradcam:layer=features.12.cat", GradCAM(layer="features.12.cat")),
    ("smoothgrad:noise=1,of=integrated-gradients:steps=8;rule=gauss",
     SmoothGrad(noise=1, of=IntegratedGradients(steps=8, rule="gauss"))),
])  # fmt: skip
def test_is_read_as_it_is_written(text, lens):
    assert read_lens(text) == lens
    assert read_lens(lens_text(lens)) == lens


def test_a_setting_it_does_not_have_is_answered_with_those_it_has():
    with pytest.raises(
        UnknownName, match="unknown setting of occlusion 'edge': it has size, stride, fill, measure"
    ):
        read_lens("occlusion:edge=3")
    with pytest.raises(UnknownName, match="unknown setting of gradient 'steps': it has none"):
        read_lens("gradient:steps=3")


@pytest.mark.parametrize(("text", "words"), [
    ("occlusion:size=big", "size=big of occlusion: choose a whole number or none"),
    ("smoothgrad:n=2.5", "n=2.5 of smoothgrad: choose a whole number"),
    ("occlusion:size", "setting 'size' of occlusion has no value: write size=VALUE"),
])  # fmt: skip
def test_a_value_that_is_none_is_refused(text, words):
    with pytest.raises(BadSpec, match=words):
        read_lens(text)
