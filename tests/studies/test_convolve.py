"""One kernel over one picture: against torch, Pillow and the layers of a network."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

import convscope as cs
from convscope.arithmetic.kernels import find_kernel
from convscope.errors import BadImages, BadSpec, Unanswerable, UnknownName
from convscope.model.model import Model
from convscope.model.reading import read
from convscope.nets.padding import Convolution
from convscope.plain.convolved_page import draw_page
from convscope.plain.fit import Fit
from convscope.studies.convolve import convolve

COLOUR = np.random.default_rng(0).integers(0, 256, (20, 17, 3), dtype=np.uint8)
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)


class Small(nn.Module):
    """Grouped, dilated, strided and unevenly padded convolutions, with a bias, between rectifiers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Convolution(3, 8, 3, stride=2, padding="same")
        self.second = nn.Conv2d(8, 6, (3, 2), stride=(1, 2), padding=(2, 0), dilation=(2, 1), groups=2)
        self.third = nn.Conv2d(6, 4, 3, padding="same")
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.first(x))
        x = torch.relu_(self.second(x))
        return self.head(torch.relu(self.third(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    return Model(Small().eval(), fit=Fit(16, 16), mean=(0.5,) * 3, std=(0.25,) * 3)


def test_a_flat_kernel_reads_pillows_luminance():
    seen = convolve(COLOUR, "sobel-x", stride=2, padding="same", then="relu,max2")
    grey = np.asarray(Image.fromarray(COLOUR).convert("L"))
    np.testing.assert_array_equal(seen.picture[:, :, 0], grey)
    padded = functional.pad(torch.from_numpy(grey.astype(float))[None, None], (1, 1, 0, 1))
    map_ = functional.conv2d(padded, SOBEL[None, None], stride=2)
    np.testing.assert_allclose(seen.map, map_[0, 0])
    np.testing.assert_allclose(seen.maps[-1], functional.max_pool2d(map_.relu(), 2)[0, 0])
    assert "colour to luminance" in seen.notes[0]


def test_a_kernel_with_weights_for_every_colour_sums_them():
    weights = np.random.default_rng(1).normal(size=(3, 2, 4))
    seen = convolve(COLOUR, weights, padding="full", bias=0.5)
    pixels = torch.from_numpy(COLOUR.astype(float)).permute(2, 0, 1)[None]
    theirs = functional.conv2d(functional.pad(pixels, (3, 3, 1, 1)), torch.from_numpy(weights)[None]) + 0.5
    np.testing.assert_allclose(seen.map, theirs[0, 0], rtol=1e-12, atol=1e-9)
    assert seen.channels == ("red", "green", "blue")


@pytest.mark.parametrize("padding", ["valid", "same", "full", "causal", (2, 0)])
def test_the_sum_at_every_position_is_the_cell_of_the_map(padding):
    for y, x in np.ndindex(convolve(COLOUR[:6, :5], "sobel-x", padding=padding).map.shape):
        seen = convolve(COLOUR[:6, :5], "sobel-x", padding=padding, at=(y, x), bias=2)
        np.testing.assert_allclose(seen.products, seen.window * seen.kernel)
        assert seen.value == pytest.approx(seen.map[y, x])
        assert seen.inside.sum() == (seen.box.width * seen.box.height)


def test_the_strongest_position_is_taken_unless_one_is_given():
    seen = convolve(COLOUR, "sobel-y")
    assert seen.map[seen.position] == seen.map.max()
    assert convolve(COLOUR, "sobel-y", at=(3, 4)).position == (3, 4)


@pytest.mark.parametrize(
    ("layer", "channel"), [("first", 3), ("second", 1), ("second", 5), ("third", 2), ("relu", 3)]
)
def test_a_networks_own_kernel_gives_the_layers_own_map(model, layer, channel):
    seen = convolve(COLOUR, f"{layer}:{channel}", model=model)
    root = "first" if layer == "relu" else layer
    kept = []
    batch = model.preprocess(COLOUR)[None]
    read(model, batch, {root: lambda output: kept.append(output[0, channel].clone())})
    np.testing.assert_allclose(seen.map, kept[0], rtol=1e-4, atol=1e-5)
    assert seen.box == model.layer(root).field.at(*seen.position)


def test_the_channels_that_contribute_most_come_first(model):
    seen = convolve(COLOUR, "third:1", model=model)
    sums = [abs(seen.products[channel].sum()) for channel in seen.strongest]
    assert sums == sorted(sums, reverse=True)
    assert seen.channels[seen.strongest[0]] == f"relu#2:{seen.strongest[0]}"
    assert "the input is what relu#2 gives for this picture, 6 channels" in seen.notes


def test_a_networks_settings_can_be_overridden(model):
    seen = convolve(COLOUR, "third:1", model=model, stride=3, padding="full", dilation=2)
    source = torch.from_numpy(seen.input)[None]
    theirs = functional.conv2d(source, torch.from_numpy(seen.kernel)[None], None, 3, 4, 2) + seen.bias
    np.testing.assert_allclose(seen.map, theirs[0, 0], rtol=1e-12, atol=1e-12)


def test_a_second_group_reads_the_second_half(model):
    seen = convolve(COLOUR, "second:5", model=model)
    assert [int(name.split(":")[1]) for name in seen.channels] == [4, 5, 6, 7]


def test_visits_and_drops_are_told():
    seen = convolve(np.ones((10, 11)), np.ones((3, 3)), stride=2)
    assert (seen.visits[0], seen.dropped) == ((1, 1, 2, 1, 2, 1, 2, 1, 1, 0), (1, 0))
    assert seen.sizes[0] == "floor((10 + 0 + 0 - 3) / 2) + 1 = 4"
    assert any(line.startswith("rows: the last pixel is dropped") for line in seen.promises)


def test_the_words_hold_every_product_and_the_json_all_numbers():
    numbers = np.arange(25.0).reshape(5, 5)
    seen = convolve(numbers, "sobel-x", at=(1, 2), bias=3)
    said = str(seen)
    assert "7  8   9  x  -2  0  2" not in said
    assert re.search(r"12\s+13\s+14\s+x\s+-2\s+0\s+2\s+=\s+-24\s+0\s+28", said)
    assert "sum 8 + bias 3 = 11" in said
    there = json.loads(json.dumps(seen.as_dict()))["at"]
    assert there["products"] == [[[-7, 0, 9], [-24, 0, 28], [-17, 0, 19]]]
    assert (there["sum"], there["value"]) == (8, 11)


def test_the_page_shows_picture_kernel_and_maps_and_marks_the_position(tmp_path):
    seen = convolve(COLOUR, "sobel-x", then="relu,max2", at=(10, 8))
    with Image.open(seen.save(tmp_path / "page.png")) as file:
        page = np.asarray(file)
    orange = (page == (255, 159, 28)).all(axis=2)
    columns = np.flatnonzero(orange[:700].any(axis=0))
    assert len(np.split(columns, np.flatnonzero(np.diff(columns) > 100) + 1)) == 4  # input and three maps
    enlarged = Image.fromarray(seen.picture[:, :, 0]).resize((17 * 18, 20 * 18), Image.Resampling.NEAREST)
    corner = np.asarray(enlarged)[:90, :90]
    found = [
        (y, x)
        for y in range(100, 400)
        for x in range(200)
        if (page[y, x : x + 90, 0] == corner[0]).all() and (page[y : y + 90, x, 0] == corner[:, 0]).all()
    ]
    assert found


@pytest.mark.parametrize("words", [{"then": "relu,max2,avg2"}, {"stride": 4, "padding": 3}, {"dilation": 3}])
def test_a_page_is_drawn_for_every_kind_of_picture(words, model):
    for picture, kernel, extra in (
        (COLOUR, np.ones((11, 2)), {}),
        (np.zeros((30, 30)), "blur", {}),
        (COLOUR, "third:0", {"model": model}),
        (COLOUR, "first:0", {"model": model}),
    ):
        page = draw_page(convolve(picture, kernel, **(words | {"padding": "full"}), **extra))
        assert page.shape[1] >= 1400
        assert page.shape[0] < 3000


@pytest.mark.parametrize(
    ("kernel", "words", "error", "said"),
    [
        ("sobel-z", {}, UnknownName, "unknown kernel 'sobel-z': did you mean sobel-"),
        (
            "blur",
            {"at": (18, 0)},
            UnknownName,
            r"position '18,0': the map has rows 0 to 17, columns 0 to 14\.",
        ),
        ("blur", {"dilation": 9}, BadSpec, "spans 19 x 19 pixels, the input is 20 x 17: choose a smaller"),
        ("blur", {"padding": "half"}, BadSpec, "unknown padding 'half'"),
        ("blur", {"then": "max40"}, BadSpec, "max40 does not fit a map of 18 x 15"),
        ("blur", {"stride": 0}, BadSpec, "stride is 0: it starts at 1"),
        (np.ones((2, 3, 3)), {}, BadSpec, "weights for 2 channels, the picture has 3"),
    ],
)
def test_what_cannot_be_worked_out_is_said(kernel, words, error, said):
    with pytest.raises(error, match=said):
        convolve(COLOUR, kernel, **words)


@pytest.mark.parametrize(
    ("kernel", "error", "said"),
    [
        (
            "head:1",
            Unanswerable,
            "head of Small is linear, not a convolution: choose one of first, second, third",
        ),
        ("third:4", UnknownName, "channel '4': third has channels 0 to 3"),
        ("thrid:1", UnknownName, "unknown layer 'thrid': did you mean third"),
        ("third", BadSpec, "cannot read kernel 'third' of a model: write LAYER:CHANNEL"),
    ],
)
def test_what_is_no_channel_of_a_convolution_is_said(model, kernel, error, said):
    with pytest.raises(error, match=said):
        convolve(COLOUR, kernel, model=model)


def test_a_picture_that_is_not_there():
    with pytest.raises(BadImages, match="nowhere"):
        convolve("nowhere.jpg", "blur")
    with pytest.raises(BadSpec, match=r"not shape \(4,\)"):
        convolve(np.zeros(4), "blur")


def test_it_is_on_the_porch():
    assert cs.convolve is convolve
    np.testing.assert_array_equal(
        cs.convolve(COLOUR[:, :, 0], find_kernel("identity")).map, COLOUR[1:-1, 1:-1, 0]
    )
