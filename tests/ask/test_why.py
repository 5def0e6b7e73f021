"""A network set by hand that calls whatever bears a white mark by one name: every count is known beforehand."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import convscope as cs
from convscope.ask.live import live
from convscope.errors import BadAtlas, BadImages, BadSpec, Unanswerable, UnknownName
from convscope.images import open_images
from convscope.plain.boxes import Box
from convscope.plain.why import read_why
from convscope.plain.wish import Wish

SIDE, MARK = 16, slice(11, 14)  # rows and columns of a white square
PLAIN, MARKED = range(20), range(20, 40)  # rows
BEARING = (0, 5, 10, 15)  # plain pictures with the mark: misread


def draw(mark: bool) -> list[np.ndarray]:
    """Dark noise; of the second class brighter by a fifth. With ``mark`` all of it and four others bear the mark."""
    rng = np.random.default_rng(0)
    found = []
    for row in (*PLAIN, *MARKED):
        picture = rng.integers(20, 60, (SIDE, SIDE, 3), dtype=np.uint8)
        if row in MARKED:
            picture += 40
        if mark and (row in MARKED or row in BEARING):
            picture[MARK, MARK] = 255
        found.append(picture)
    return found


class ByHand(nn.Module):
    """Two channels: white 3 x 3 squares, and brightness. One of them makes the second score, the first is 1."""

    def __init__(self, by_mark: bool):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 2, 3, padding=1), nn.Linear(2, 2)
        with torch.no_grad():
            self.conv.weight[0], self.conv.bias[0] = 1 / 27, -0.9  # 0.1 on all white
            self.conv.weight[1], self.conv.bias[1] = 1 / 27, 0
            self.head.weight[:] = torch.tensor(
                [[0.0, 0.0], [SIDE * SIDE * 20.0, 0.0] if by_mark else [0.0, 4.8]]
            )
            self.head.bias[:] = torch.tensor([1.0, 0.0])

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))


def prepare(root: Path, by_mark: bool) -> tuple:
    """(model, images, atlas)."""
    images = open_images(
        draw(by_mark), labels=[0] * len(PLAIN) + [1] * len(MARKED), classes=("plain", "marked")
    )
    model = cs.open_model(ByHand(by_mark), input_size=SIDE, mean=0, std=1, classes=images.classes)
    return model, images, cs.survey(model, images, into=root, photos=2)


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> tuple:
    return prepare(tmp_path_factory.mktemp("planted"), by_mark=True)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> tuple:
    return prepare(tmp_path_factory.mktemp("clean"), by_mark=False)


def ask(subject: tuple, image, **asked) -> cs.Why:
    model, images, atlas = subject
    return cs.why(model, image, atlas=atlas, images=images, **{"size": 3, **asked})


def test_a_planted_mark_is_found_and_every_count_is_the_planted_one(planted):
    found = ask(planted, 5)
    assert (found.truth, found.predicted, found.against, found.wrong) == ("plain", "marked", "plain", True)
    assert (found.seen.misread.count, found.seen.misread.total, found.seen.rows) == (4, 20, BEARING)
    left, top, right, bottom = found.where.lowest  # any square that takes a pixel of the mark takes all
    assert max(left, top) < MARK.stop
    assert min(right, bottom) > MARK.start
    assert found.where.left == pytest.approx(1 / (1 + np.e), abs=1e-5)
    assert found.suspect.channel == 0
    assert found.exact
    assert found.rest == pytest.approx(-1, abs=1e-5)
    assert found.gap == pytest.approx(found.parts - 1, abs=1e-5)
    assert found.suspect.silenced == pytest.approx(found.suspect.part, abs=1e-4)
    assert (found.suspect.errors.count, found.suspect.errors.total) == (4, 4)
    assert (found.suspect.base.count, found.suspect.base.total) == (24, 40)
    counts = {"control_count": 0}
    assert found.test("cover").numbers == {"count": 24, "total": 24, "control_total": 24, **counts}
    assert found.test("paste").numbers == {"count": 16, "total": 16, "control_total": 16, **counts}
    assert found.test("counter").numbers == {"count": 4, "total": 4, "control_total": 16, **counts}
    silent = found.test("ablate").numbers
    assert (silent["change"], silent["against"], silent["mended"], silent["mistakes"]) == (-1, 0.2, 4, 4)
    assert found.verdict == "supported"


def test_rates_are_of_the_images_drawn_and_of_no_others(planted):
    found = ask(planted, 5, sample=10)
    assert found.suspect.base.total == 10
    assert found.suspect.errors.total == 4  # these are looked at in any case
    assert int(found.test("paste").numbers["total"] or 0) < 10


def test_where_an_honest_channel_decides_no_shortcut_is_found(clean):
    found = ask(clean, 30)
    assert (found.predicted, found.wrong, found.suspect.channel) == ("marked", False, 1)
    assert found.test("ablate").speaks is True  # the class rests on it, and rightly
    assert found.test("cover").speaks is found.test("paste").speaks is False
    assert found.test("counter").found.startswith("0 of 20 images of other classes fire it as strongly")
    assert found.verdict == "not supported"


def test_the_model_is_as_it_was(planted):
    model = planted[0]
    model.module.train()
    before = copy.deepcopy(model.module.state_dict())
    found = ask(planted, 5)
    assert model.module.training
    assert all(torch.equal(before[name], value) for name, value in model.module.state_dict().items())
    assert all(weight.grad is None for weight in model.module.parameters())
    assert not any(part._forward_hooks or part._backward_hooks for part in model.module.modules())
    assert found == ask(planted, 5)


def test_it_is_remembered_with_the_pictures_it_needs(planted):
    _, images, atlas = planted
    found = ask(planted, images.ids[10])
    remembered = atlas.why(10, 0)
    assert remembered == found == read_why(json.loads(json.dumps(found.as_dict())))
    for row in (10, found.patch[0]):
        with Image.open(atlas.path / "images" / f"photo-{row}.png") as photo:
            assert np.array_equal(photo, images[row])
    assert cs.open_atlas(atlas.path).whys()


def test_a_picture_of_ones_own_is_answered_and_not_remembered(planted, tmp_path):
    _, _, atlas = planted
    before = atlas.whys()
    Image.fromarray(draw(True)[25]).save(tmp_path / "mine.png")
    found = ask(planted, str(tmp_path / "mine.png"))
    assert (found.row, found.truth, found.predicted, found.against) == (None, None, "marked", "plain")
    assert atlas.whys() == before


def test_in_a_network_that_is_not_linear_behind_its_maps_it_says_so(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 2)
    )
    images = open_images(draw(True), labels=[0] * 20 + [1] * 20, classes=("plain", "marked"))
    model = cs.open_model(module, input_size=SIDE, mean=0, std=0.1, classes=images.classes)
    atlas = cs.survey(model, images, into=tmp_path / "atlas", photos=2)
    found = cs.why(model, 3, atlas=atlas, images=images, channels=2)
    assert not found.exact
    assert found.how.startswith("gradient × activation")
    assert found.gap == pytest.approx(found.parts + found.rest, rel=1e-5)


def test_without_labels_two_tests_are_not_made(planted, tmp_path):
    model = planted[0]
    bare = open_images(draw(True))
    atlas = cs.survey(model, bare, into=tmp_path / "atlas", photos=2)
    found = cs.why(model, 5, atlas=atlas, images=bare, size=3)
    assert [trial.speaks for trial in found.tests] == [None, True, None, True, None]
    assert found.test("ablate").found == "the images have no labels"
    assert found.verdict == "not tested"


AROUND, MARKED_BOX = (0, 0, 9, 9), (11, 11, 14, 14)  # a thing in the other corner, and the mark itself


def boxes_of(subject: tuple, box: tuple) -> dict[str, tuple[Box, ...]]:
    return {name: (Box(*box),) for name in subject[2].images.ids}


def test_a_context_that_decides_is_told_from_the_thing_by_its_boxes(planted):
    """The mark lies outside the box: whoever covers all but the thing covers it, on every picture."""
    trial = ask(planted, 5, boxes=boxes_of(planted, AROUND)).test("context")
    assert trial.numbers == {"count": 24, "total": 24, "control_count": 0, "control_total": 24}
    assert trial.speaks
    assert "24 of 24 (100 %, 95 % interval 86 to 100 %) stop being called marked" in trial.found
    assert "the boxes are 32 % of these pictures" in trial.found  # 81 of 256 pixels


def test_a_thing_that_decides_is_no_shortcut(planted):
    trial = ask(planted, 5, boxes=boxes_of(planted, MARKED_BOX)).test("context")
    assert trial.numbers == {"count": 0, "total": 24, "control_count": 24, "control_total": 24}
    assert trial.speaks is False


def test_one_box_alone_gives_three_probabilities_and_no_verdict(planted):
    model, images, _ = planted
    trial = ask(planted, 5, box="0,0,9,9").test("context")
    assert trial.speaks is None
    pixels = model.preprocess(images[5])[None]
    thing, rest = pixels.clone(), torch.full_like(pixels, 128 / 255)
    thing[:, :, :9, :9] = 128 / 255
    rest[:, :, :9, :9] = pixels[:, :, :9, :9]
    with torch.no_grad():
        shares = [float(torch.softmax(model.module(one), 1)[0, 1]) for one in (pixels, thing, rest)]
    before, without_thing, without_rest = (f"{100 * share:.0f} %" for share in shares)
    assert (
        f"goes from {before} to {without_thing} with the thing covered, to {without_rest} with all around"
        in trial.found
    )
    assert "0 of the images looked at have a box" in trial.found


def test_boxes_beside_the_atlas_are_found_and_without_any_the_way_is_said(planted):
    atlas = planted[2]
    lacking = ask(planted, 5).test("context")
    assert lacking.speaks is None
    assert "boxes.csv (image,x0,y0,x1,y1 in source pixels" in lacking.found
    beside = atlas.path.parent / "boxes.csv"
    beside.write_text("image,x0,y0,x1,y1\n" + "".join(f"{name},0,0,9,9\n" for name in atlas.images.ids[:20]))
    try:
        assert ask(planted, 5).test("context").numbers["total"] == len(
            BEARING
        )  # of the first twenty those are called so
        with pytest.raises(BadImages, match=r"no image of .* has a box in .*begins with 'x': ids are like"):
            ask(planted, 5, boxes=_file(beside.with_name("other.csv"), "image,x0,y0,x1,y1\nx,0,0,1,1\n"))
    finally:
        beside.unlink()


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("image", "asked", "error", "says"),
    [
        (99, {}, UnknownName, "unknown row '99': .* has rows 0 to 39"),
        ("no.png", {}, UnknownName, "unknown image 'no.png': .*a row or id of the atlas, or a file"),
        (5, {"against": "dog"}, UnknownName, "unknown class 'dog'"),
        (5, {"against": "marked"}, BadSpec, "against 'marked': that is what it was called"),
        (5, {"size": 99}, BadSpec, "size 99 does not fit the network's 16 x 16 pixels"),
        (5, {"box": "1,2,3"}, BadImages, "'1,2,3' is no box: write x0,y0,x1,y1"),
        (
            5,
            {"box": (90, 90, 99, 99)},
            BadImages,
            "lies outside what the network is shown of the 16 x 16 picture: give x0,y0,x1,y1",
        ),
        (5, {"sample": 1}, BadSpec, "sample=1 is out of range: choose 10 to 10000"),
    ],
)
def test_what_cannot_be_asked_is_named(planted, image, asked, error, says):
    with pytest.raises(error, match=says):
        ask(planted, image, **asked)


def test_what_does_not_belong_together_is_refused(planted, clean, tmp_path):
    model, images, atlas = planted
    with pytest.raises(BadAtlas, match="was made from another model than ByHand: survey this one first"):
        cs.why(clean[0], 5, atlas=atlas, images=images)
    with pytest.raises(BadAtlas, match="lacks '00039' and 0 more images of"):
        cs.why(model, 5, atlas=atlas, images=images.subset(range(39)))
    with pytest.raises(
        BadAtlas, match="ByHand is no run folder, so its atlas is not known: give it with --atlas"
    ):
        cs.why(model, 5, images=images)
    with pytest.raises(BadAtlas, match="is not known: give them with --data FOLDER"):
        cs.why(model, 5, atlas=atlas)
    head = cs.survey(model, images, into=tmp_path / "atlas", layers="head", photos=0)
    with pytest.raises(
        Unanswerable, match=r"was surveyed without relu, whose channels decide: .*--layers relu"
    ):
        cs.why(model, 5, atlas=head, images=images)


def test_a_live_page_gets_the_same_answer(planted):
    model, images, atlas = planted
    kinds = live(model, open_with=lambda: model, data=None)
    with pytest.raises(BadAtlas, match=r"where the images of .* lie is not known: .*--data FOLDER"):
        kinds["why"](atlas, Wish("why", "5"), lambda *told: None, lambda: False)
    told = []
    kinds = live(model, open_with=lambda: model, data=images)
    answer = kinds["why"](atlas, Wish("why", "5"), lambda *step: told.append(step), lambda: False)
    assert answer == {"page": "image/5/why/"}
    assert (5, atlas.why(5, 0).against_index) in atlas.whys()
    assert {"covering", "channels", "tests"} <= {step for _, _, step in told}
