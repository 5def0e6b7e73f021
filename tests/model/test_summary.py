"""The table against numbers worked out by hand, published totals, and windows against torch's own sizes."""

import json
import re
from collections import OrderedDict
from functools import cache
from html.parser import HTMLParser

import pytest
import torch
from torch import nn

from convscope.ask.sketch import sketch
from convscope.model.model import Model
from convscope.model.summary import summary
from convscope.model.summary_text import size
from convscope.model.window import window_of
from convscope.nets.open import open_model
from convscope.plain.fit import Fit

# torchvision's weight metadata: parameters and giga-multiply-adds, here exact
PUBLISHED = {
    "alexnet": (61_100_840, 714_188_480),
    "vgg16": (138_357_544, 15_470_264_320),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet50": (25_557_032, 4_089_184_256),
    "googlenet": (6_624_904, 1_498_376_192),
    "mobilenet_v2": (3_504_872, 300_774_272),
    "efficientnet_b0": (5_288_548, 385_814_752),
    "convnext_tiny": (28_589_128, 4_455_531_264),
}


@cache
def sketched(name: str) -> Model:
    return sketch(name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_totals_are_the_published_ones_without_a_single_weight(name: str) -> None:
    table = summary(sketched(name))
    assert (table.parameters, table.multiply_adds) == PUBLISHED[name]


@pytest.mark.parametrize("name", ["resnet18", "convnext_tiny"])
def test_published_giga_multiply_adds_are_torchvisions(name: str) -> None:
    from torchvision import models

    meta = models.get_model_weights(name).DEFAULT.meta
    assert meta["num_params"] == PUBLISHED[name][0]
    assert round(PUBLISHED[name][1] / 1e9, 3) == meta["_ops"]


def test_a_sketch_is_the_same_table_as_the_network() -> None:
    asked = {"input_size": 20, "classes": 3}
    assert str(summary(sketch("4c3s2 p2 fc5", **asked))) == str(summary(open_model("4c3s2 p2 fc5", **asked)))


def test_a_network_that_reads_numbers_while_it_is_built_is_opened_as_it_is() -> None:
    model = sketch("regnet_y_400mf", input_size=32)  # torchvision computes its widths with tensors
    assert model.device.type == "cpu"
    assert summary(model).parameters == 4_344_144  # torchvision's weight metadata


def test_a_run_is_opened_with_its_weights(tmp_path) -> None:
    from convscope.model.store import save_model

    save_model(open_model("4c3 p2", input_size=8, classes=("cat", "dog")), tmp_path)
    assert sketch(str(tmp_path)).device.type == "cpu"


def lenet() -> nn.Module:
    """LeNet-5 as it is written today: 28x28, dense C3; every number below is worked out by hand."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


BY_HAND = [
    # shape, field, kernel, parameters, multiply-adds, bytes, if dense
    ((6, 28, 28), 5, "5x5 padding 2", 156, 28 * 28 * 6 * 25, 6 * 784 * 4, (784 + 1) * 6 * 784),
    ((6, 28, 28), 5, "", 0, 0, 6 * 784 * 4, 0),
    ((6, 14, 14), 6, "2x2 stride 2", 0, 0, 6 * 196 * 4, 0),
    ((16, 10, 10), 14, "5x5", 2_416, 10 * 10 * 16 * 150, 6_400, (1176 + 1) * 1600),
    ((16, 10, 10), 14, "", 0, 0, 6_400, 0),
    ((16, 5, 5), 16, "2x2 stride 2", 0, 0, 1_600, 0),
    ((400,), 32, "", 0, 0, 0, 0),
    ((120,), 32, "", 48_120, 48_000, 480, 0),
    ((120,), 32, "", 0, 0, 480, 0),
    ((84,), 32, "", 10_164, 10_080, 336, 0),
    ((84,), 32, "", 0, 0, 336, 0),
    ((10,), 32, "", 850, 840, 40, 0),
]


def test_every_row_of_lenet_is_what_one_works_out_by_hand() -> None:
    table = summary(Model(lenet(), fit=Fit(28, 28, channels=1), mean=(0.0,), std=(1.0,)))
    rows = [
        (row.shape, row.field[0], row.kernel, row.parameters, row.multiply_adds, row.memory, row.dense)
        for row in table.rows
        if row.field
    ]
    assert rows == BY_HAND
    assert [row.share[0] for row in table.rows[:3]] == [5 / 28, 5 / 28, 6 / 28]
    assert (table.parameters, table.multiply_adds) == (61_706, 416_520)
    assert table.memory == sum(row[5] for row in BY_HAND)
    assert table.weight_bytes == 4 * 61_706


def test_memory_is_what_torch_allocates_where_nothing_is_a_view_or_in_place() -> None:
    module, bytes_made = lenet(), []
    for layer in module:
        if not isinstance(layer, nn.Flatten):
            layer.register_forward_hook(lambda _, __, out: bytes_made.append(out.untyped_storage().nbytes()))
    module(torch.zeros(1, 1, 28, 28))
    assert summary(Model(lenet(), fit=Fit(28, 28, channels=1), mean=(0.0,), std=(1.0,))).memory == sum(
        bytes_made
    )


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(3, 4, (3, 5), stride=(2, 1), padding=(1, 2)), "3x5 stride 2x1 padding 1x2"),
        (nn.Conv2d(3, 6, 3, padding="same", groups=3), "3x3 padding 1 groups 3"),
        (nn.Conv2d(3, 4, 3, dilation=2), "3x3 dilation 2"),
        (nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, 2)), "3x3 stride 2 padding 0+1"),
        (nn.MaxPool2d(3, 2, ceil_mode=True), "3x3 stride 2 padding 0+1"),
        (nn.AvgPool2d(2), "2x2 stride 2"),
    ],
)
def test_a_window_is_said_in_words_and_gives_torchs_output_size(layer: nn.Module, words: str) -> None:
    model = Model(nn.Sequential(layer, nn.Flatten()), fit=Fit(10, 10), mean=(0.0,) * 3, std=(1.0,) * 3)
    call = next(call for call in model.record.calls if window_of(call, model.record))
    window = window_of(call, model.record)
    assert window.words(call.arguments.get("groups", 1)) == words
    for axis, padding in enumerate((window.rows, window.columns)):
        room = window.size[axis] + sum(padding) - window.dilation[axis] * (window.kernel[axis] - 1) - 1
        assert room // window.stride[axis] + 1 == call.shape[2 + axis]


def test_text_fits_a_terminal_and_wide_says_more() -> None:
    table = summary(sketched("resnet50"))
    text, wide = str(table), table.text(wide=True)
    assert max(map(len, text.splitlines())) <= 120
    assert re.search(
        r"layer4.2.conv2 +conv2d 3x3 padding 1 +512x7x7 +427 +191% +2,359,296 +115,605,504 +100.4 kB\n", text
    )
    assert re.search(r"layer4.2.conv2 .* 32x32 +629,", wide)
    assert "25,557,032 parameters (102.4 MB stored)" in text
    assert "warning: " in text


def test_long_names_are_cut_in_the_middle_unless_wide() -> None:
    name = "a_module_with_a_name_far_too_long_for_" + "any" * 20
    module = nn.Sequential(OrderedDict({name: nn.Conv2d(3, 2, 3), "flat": nn.Flatten()}))
    table = summary(Model(module, fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3))
    assert max(map(len, str(table).splitlines())) <= 120
    assert re.search(r"^a_mod.*…\w+any +conv2d 3x3", str(table), re.MULTILINE)
    assert "a_module_with_a_name_far_too_long_for_any" in table.text(wide=True)


def test_channels_last_and_vectors_have_rows_too() -> None:
    rows = {row.name: row for row in summary(sketched("convnext_tiny")).rows}
    assert rows["features.1.0.block.3"].shape == (384, 56, 56)
    assert rows["features.1.0.block.3"].memory == 4 * 384 * 56 * 56
    assert rows["features.1.0.block.1"].memory == 0  # a permutation is a view
    assert rows["classifier.2"].shape == (1000,)
    assert rows["classifier.2"].stride is None


def test_json_holds_every_row() -> None:
    table = summary(sketch("4c3s2 p2 fc5", input_size=20, classes=3))
    said = json.loads(json.dumps(table.as_dict()))
    first = said["layers"][1]  # the first is the uneven margin itself
    assert first["kernel"] == "3x3 stride 2 padding 0+1"
    assert first["window"]["stride"] == [2, 2]
    assert first["share"] == [0.15, 0.15]
    assert [row["memory"] for row in said["layers"]] == [row.memory for row in table.rows]
    assert {warning["kind"] for warning in said["warnings"]} >= {"same-shrinks", "uneven-overlap"}


class Cells(HTMLParser):
    """The text of every cell, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag == "tr":
            self.rows.append([])
        self.inside = tag in ("td", "th")
        if self.inside:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")


def test_the_page_is_the_table_and_stands_alone() -> None:
    model = sketch("4c3s2 p2 fc5", input_size=20, classes=3)
    model.name = "<b>mine</b>"
    made = summary(model)
    page = made.html
    parser = Cells()
    parser.feed(page)
    assert [row[0] for row in parser.rows[1:-1]] == [row.name for row in made.rows]
    assert parser.rows[2][2:10] == ["4x10x10", "3x3", "2x2", "0+1", "3x3", "15%", "112", "10,800"]
    assert parser.rows[-1][2:4] == [f"{made.parameters:,}", f"{made.multiply_adds:,}"]
    assert "<b>mine" not in page
    assert page.index('class="notice"') < page.index("<table")
    assert not re.search(r"""(?:src|href)=|https?:|@import|url\(""", page)


def test_the_longest_bar_is_the_largest_number() -> None:
    page = summary(sketched("alexnet")).html
    shares = re.findall(r"--of-largest: ([\d.]+)%\">([\d,]+)<", page)
    assert shares[[number for _, number in shares].index("37,752,832")][0] == "100.0"
    assert {number: share for share, number in shares}["16,781,312"] == f"{16781312 / 377528.32:.1f}"


@pytest.mark.parametrize(
    ("count", "words"), [(0, ""), (999, "999 B"), (1000, "1.0 kB"), (2_500_000_000, "2.5 GB")]
)
def test_bytes_in_words(count: int, words: str) -> None:
    assert size(count) == words
