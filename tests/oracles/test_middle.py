"""What tiles show of a large field: a network whose units look at known places, pictures whose colours are coordinates."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from convscope.atlas import layout
from convscope.atlas.read import Atlas, open_atlas
from convscope.images import open_images
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.survey import middle
from convscope.survey.run import survey, survey_shard
from convscope.survey.settings import Shard

HEIGHT, WIDTH, AWAY = 144, 160, 19
SETTINGS = {"k": 5, "batch": 4, "photos": 2, "layers": "1,3"}


def far_looking() -> Model:
    """The second layer's field is 121 pixels wide, but its units look only at four points, 2 x 19 from its middle."""
    first, second = nn.Conv2d(3, 2, 41, stride=2, padding=20), nn.Conv2d(2, 3, 41, padding=20)
    with torch.no_grad():
        for part in (first, second):
            part.weight.zero_()
            part.bias.zero_()
        first.weight[:, 2, 20, 20] = 1.0
        for y in (20 - AWAY, 20 + AWAY):
            for x in (20 - AWAY, 20 + AWAY):
                second.weight[:, :, y, x] = 1.0
    torch.manual_seed(0)
    module = nn.Sequential(
        first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(2)
    )
    module(torch.zeros(1, 3, HEIGHT, WIDTH))
    return Model(module.eval(), fit=Fit(HEIGHT, WIDTH), mean=(0.0,) * 3, std=(1.0,) * 3)


def coordinates() -> Images:
    """Red is the column, green the row; blue is what the units look for, at four points about some place."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    plain = np.stack([x, y, np.zeros_like(x)], axis=2).astype(np.uint8)
    pictures = []
    for number, (row, column) in enumerate([(40, 40), (72, 80), (100, 120), (60, 44)]):
        picture = plain.copy()
        for down in (-2 * AWAY, 2 * AWAY):
            for right in (-2 * AWAY, 2 * AWAY):
                picture[row + down, column + right, 2] = 255 - number
        pictures.append(picture)
    corner = plain.copy()
    corner[68, 60, 2] = 255  # one point alone: the first unit that sees it is near the upper left corner
    return open_images([*pictures, corner], labels=[0, 1, 0, 1, 0])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return survey(far_looking(), coordinates(), into=tmp_path_factory.mktemp("middle"), **SETTINGS)


def strips(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("strips/*.jpg"))
    }


def test_tiles_show_the_middle_that_holds_the_projections(whole):
    # the points lie 38 pixels from the middle: 39 with their own extent, twice, in steps of eight
    assert whole.layer("3").field.size == (121, 121)
    assert whole.layer("3").middle == (80, 80)
    assert whole.layer("1").field.size == (41, 41)
    assert whole.layer("1").middle is None  # no less than the smallest tiles have pixels, which is nearly all


@pytest.mark.parametrize(("share", "size"), [(0.1, None), (0.95, (80, 80))])
def test_where_the_middle_is_nearly_all_the_field_is_shown(whole, monkeypatch, tmp_path, share, size):
    monkeypatch.setattr(middle, "LITTLE", share)
    atlas = survey(far_looking(), coordinates(), into=tmp_path, project="lazy", **SETTINGS)
    assert atlas.layer("3").middle == size


def test_a_tile_is_cut_about_its_unit_and_moved_into_the_picture(whole):
    winners = whole.winners("3")
    for channel in range(3):
        with Image.open(layout.strip_file(whole.path, "3", channel)) as picture:
            tiles = np.asarray(picture).astype(float)
        for rank in range(5):
            left = min(max(2 * winners["x"][channel, rank] - 40, 0), WIDTH - 80)
            top = min(max(2 * winners["y"][channel, rank] - 40, 0), HEIGHT - 80)
            tile = tiles[:80, rank * 80 : rank * 80 + 80]
            assert tile[:, 8:24, 0].mean() == pytest.approx(left + 15.5, abs=2)  # red is the column
            assert tile[8:24, :, 1].mean() == pytest.approx(top + 15.5, abs=2)
            assert tile[:, 56:72, 0].mean() == pytest.approx(left + 63.5, abs=2)


def test_all_of_the_field_where_that_is_asked_for(tmp_path):
    atlas = survey(far_looking(), coordinates(), into=tmp_path, project="lazy", tiles="field", **SETTINGS)
    assert atlas.layer("3").middle is None
    inside = int(
        np.flatnonzero(atlas.winners("3")["y"][0] == 36)[0]
    )  # of this picture no field reaches beyond
    with Image.open(layout.strip_file(tmp_path, "3", 0)) as picture:
        tile = np.asarray(picture).astype(float)[:80, inside * 80 : inside * 80 + 80]
    for place in (8, 40, 71):
        expected = 80.5 + (place + 0.5 - 40) * 121 / 80
        assert tile[:, place, 0].mean() == pytest.approx(expected, abs=3)


def test_shards_and_channels_asked_for_later_show_the_same(whole, tmp_path):
    for number in (1, 2, 1, 2):
        survey_shard(
            far_looking(), coordinates(), into=tmp_path / "shards", shard=Shard(number, 2), **SETTINGS
        )
    survey(far_looking(), coordinates(), into=tmp_path / "shards", **SETTINGS)
    survey(far_looking(), coordinates(), into=tmp_path / "later", project="lazy", **SETTINGS)
    survey(far_looking(), coordinates(), into=tmp_path / "later", channels="1:0-1,3:0-2", **SETTINGS)
    assert strips(tmp_path / "shards") == strips(tmp_path / "later") == strips(whole.path)
    assert open_atlas(tmp_path / "shards").layer("3").middle == (80, 80)


@pytest.mark.parametrize(("y", "x"), [(12.5, 20.0), (12.5, 20.5), (3.0, 30.0), (-4.5, 11.5)])
def test_reach_is_that_of_a_literal_search(y, x):
    signal = np.random.default_rng(3).normal(size=(31, 40, 3)) * np.linspace(0, 1, 40)[None, :, None]
    rows, columns, tried = np.arange(31), np.arange(40), 0
    while True:
        down = (rows >= y - tried) & (rows + 1 <= y + tried)
        across = (columns >= x - tried) & (columns + 1 <= x + tried)
        if (signal[down][:, across] ** 2).sum() >= middle.SHARE * (signal**2).sum():
            break
        tried += 1
    assert middle.reach(signal, y, x) == tried
