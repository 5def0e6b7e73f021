"""``convscope figure`` and ``convscope summary`` as a user meets them."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from .conftest import convscope, refused


def test_a_run_and_a_photo_make_the_figure(run, photos, here):
    answer = convscope("figure", run, photos / "disc" / "00.png", "-o", "net.svg")
    assert answer.code == 0
    assert re.match(
        r"net\.svg: 7 stages of shapes, which says (disc|square|stripes) \(\d+\.\d%\)\n", answer.out
    )
    said = "".join(ElementTree.parse("net.svg").getroot().itertext())
    for words in (
        "32 × 32 × 3",
        "32 × 32 × 6",
        "16 × 16 × 6",
        "8 × 8 × 8",
        "512",
        "3×3 conv",
        "softmax",
        "stripes",
    ):
        assert words in said


def test_without_a_place_it_is_named_after_photo_and_model(run, photos, here):
    said = json.loads(convscope("figure", run, photos / "disc" / "00.png", "--json").out)
    assert Path(said["path"]).is_file()
    assert said["path"] == "00-shapes.svg"
    assert [picture["name"] for picture in said["pictures"]] == ["conv1", "pool1", "conv2", "pool2", "flatten", "fc1",
                                                                 "logits"]  # fmt: skip
    assert sum(row["probability"] for row in said["classes"]) > 0.999


def test_what_cannot_be_drawn_is_said(run, photos, here):
    photo = photos / "disc" / "00.png"
    assert "its name ends in .svg. Write net.svg" in refused("figure", run, photo, "-o", "net.png")
    assert "unknown network 'resnet81': did you mean resnet18" in refused("figure", "resnet81", photo)
    assert "gone.png" in refused("figure", run, "gone.png")
    assert list(here.iterdir()) == []


def test_summary_writes_a_page_and_warns(run, here):
    answer = convscope("summary", run, "--html", "net.html")
    assert re.match(r"net\.html: \d+ layers, [\d,]+ parameters, \d+ warnings\n", answer.out)
    assert "<table" in Path("net.html").read_text("utf-8")
    text = convscope("summary", "4c3s2 fc4", "--imgsz", 32, "--classes", 2).out
    assert re.search("^warning: conv1: same padding keeps the size only at stride 1", text, re.MULTILINE)
    assert "if dense" in convscope("summary", run, "--wide").out.splitlines()[0]


def test_a_summary_of_a_name_needs_no_weights(here):
    said = json.loads(convscope("summary", "vgg16", "--json").out)
    assert said["parameters"] == 138_357_544
    assert said["weight_bytes"] == 4 * 138_357_544


TWO_OUTPUTS = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.maps, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
    def forward(self, x):
        return {"features": x, "scores": self.head(self.maps(x).relu().mean((2, 3)))}
"""


def test_a_network_of_ones_own_is_told_its_height_and_width_and_which_output_counts(here):
    (here / "nets.py").write_text(TWO_OUTPUTS)
    words = ("summary", "nets.py:Net", "--json", "--imgsz")
    said = json.loads(convscope(*words, "24x16", "--output", "scores").out)
    assert (said["input"], said["classes"]) == ([3, 24, 16], 2)
    assert "--imgsz is '24x': write a side in pixels" in refused(*words, "24x")
    assert "pass --output with the key or index of the class scores" in refused(*words, 24)
