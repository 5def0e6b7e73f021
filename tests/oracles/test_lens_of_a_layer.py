"""Which lens draws a layer: the deconvnet where a max-pool says where, guided backpropagation where none does."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from convscope.atlas import layout
from convscope.atlas.read import open_atlas
from convscope.errors import BadSpec
from convscope.model.backward import Rule
from convscope.model.model import Model
from convscope.model.projection import project
from convscope.plain.render import scale_tile, signed, tile_box, window
from convscope.plain.smooth import smooth
from convscope.survey.lens import choose_lens, stride_of
from convscope.survey.run import survey
from convscope.survey.settings import Survey

from .small_networks import wrap
from .test_shared_survey import some_images


def conv(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride, 1), nn.ReLU()]


def chain(*parts: nn.Module) -> Model:
    torch.manual_seed(3)
    return wrap(nn.Sequential(*parts), (3, 16, 16))


def pool_free() -> Model:
    return chain(*conv(3, 4, 2), *conv(4, 5, 2), nn.Flatten(), nn.Linear(80, 3))


POOLED = [*conv(3, 4), nn.MaxPool2d(2), *conv(4, 5)]


@pytest.mark.parametrize(
    ("parts", "layer", "lens", "reason"),
    [
        (POOLED, "1", "deconvnet", "no rectifier lies below"),
        (POOLED, "4", "deconvnet", "last made smaller by a max-pool"),
        ([*conv(3, 4), *conv(4, 5)], "3", "guided", "no max-pool lies below"),
        ([*POOLED, *conv(5, 4, 2)], "6", "guided", "last made smaller by a strided convolution"),
        ([*POOLED, nn.AvgPool2d(2), *conv(5, 4)], "7", "guided", "last made smaller by avg_pool2d"),
        ([*conv(3, 4, 2), *POOLED[2:]], "4", "deconvnet", "last made smaller by a max-pool"),
    ],
)
def test_the_lens_that_the_way_up_calls_for(parts, layer, lens, reason):
    model = chain(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    choice = choose_lens(model, model.layer(layer), "auto")
    assert (choice.name, reason in choice.reason) == (lens, True), choice
    assert choose_lens(model, model.layer(layer), "deconvnet").name == "deconvnet"


def test_the_stride_of_what_has_no_grid_is_that_of_the_last_grid_below():
    model = pool_free()
    assert [stride_of(model, model.layer(name)) for name in ("1", "3", "5")] == [2.0, 4.0, 4.0]


@pytest.mark.parametrize(("asked", "rule"), [("auto", "guided"), ("deconvnet", "deconvnet")])
def test_the_strips_are_drawn_with_the_lens_that_the_atlas_names(tmp_path, asked: str, rule: Rule):
    model = pool_free()
    survey(model, some_images(), into=tmp_path, k=2, layers="3", lens=asked)
    atlas = open_atlas(tmp_path)
    layer, found = atlas.layer("3"), atlas.winners("3")
    assert (layer.lens, layer.validity.sentence.split(":")[0]) == (
        rule, {"guided": "guided backpropagation"}.get(rule, rule),
    )  # fmt: skip
    assert ("image-independent" in layer.validity.labels) == (rule == "deconvnet")
    channel = int(np.argmax(found["value"][:, 0]))
    row, y, x = (int(found[name][channel, 0]) for name in ("image", "y", "x"))
    image = sorted_images()[row]
    pixels = model.preprocess(image)[None]
    seen = project(model, pixels, "3", torch.tensor([channel]), torch.tensor([[y, x]]), rule)
    box = tile_box(model.layer("3").field.unclipped(y, x), 16, 16)
    crop = window(seen.signal[0].permute(1, 2, 0).numpy(), box, 0.0)
    expected = signed(scale_tile(smooth(crop, 4.0), layer.tile)).pixels.astype(int)
    with Image.open(layout.strip_file(tmp_path, "3", channel)) as picture:
        drawn = np.asarray(picture).astype(int)[layer.tile :, : layer.tile]
    assert np.abs(drawn - expected).mean() < 5  # JPEG


def sorted_images():
    from convscope.images import open_images

    return open_images(some_images()).sorted_by_id()


def test_an_unknown_lens_is_refused():
    with pytest.raises(BadSpec, match="unknown lens 'gradcam': choose auto, deconvnet or guided"):
        Survey(lens="gradcam")  # type: ignore[arg-type]
