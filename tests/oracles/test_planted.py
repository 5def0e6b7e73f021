"""Planted answers: hand-set filters find the features that were drawn for them, and a watermark gives itself away."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import nn
from torch.nn import functional

import convscope as cs
from convscope.atlas import layout
from convscope.atlas.read import Atlas
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.survey.run import survey

torch.set_num_threads(1)

SIDE, SIZE, EACH = 40, 9, 4  # pixels of an image and of a feature; images a feature


def edge(degrees: float) -> np.ndarray:
    """Light above a line at an angle through the middle, dark below."""
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    angle = np.deg2rad(degrees)
    return np.sign(np.cos(angle) * y - np.sin(angle) * x)[:, :, None].repeat(3, 2)


def corner() -> np.ndarray:
    """One light quarter."""
    quarter = np.full((SIZE, SIZE, 3), -1.0)
    quarter[: SIZE // 2 + 1, : SIZE // 2 + 1] = 1
    return quarter


def opponent() -> np.ndarray:
    """Red in the middle, green around it."""
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    red = np.where(np.hypot(y, x) < 3, 1.0, -0.6)
    return np.stack([red, -red, np.zeros_like(red)], axis=2)


def letter() -> np.ndarray:
    """A drawn R."""
    page = Image.new("L", (SIZE, SIZE))
    ImageDraw.Draw(page).text((1, -2), "R", 255, font=ImageFont.load_default(11))
    return (np.asarray(page) / 127.5 - 1)[:, :, None].repeat(3, 2)


FEATURES = {"edge": edge(30), "corner": corner(), "opponent": opponent(), "letter": letter()}
FILTERS = {name: shape - shape.mean() for name, shape in FEATURES.items()}


class Planted(NamedTuple):
    """Images and where their feature lies: which one, its top and left, its contrast."""

    pictures: list[np.ndarray]
    feature: np.ndarray
    place: np.ndarray
    contrast: np.ndarray


def planted() -> Planted:
    """Grey noise with one feature each, somewhere, at contrasts that tell their order."""
    rng = np.random.default_rng(4)
    feature = rng.permutation(np.repeat(np.arange(len(FILTERS)), EACH))
    place = rng.integers(0, SIDE - SIZE + 1, (len(feature), 2))
    place[:2] = ((0, SIDE - SIZE), (SIDE - SIZE, 0))  # in a corner of the image, too
    contrast = np.empty(len(feature))
    for which in range(len(FILTERS)):
        contrast[feature == which] = rng.permutation([40, 37, 34, 31])
    pictures = []
    for which, (top, left), strength in zip(feature, place, contrast, strict=True):
        picture = rng.normal(128, 2, (SIDE, SIDE, 3))
        kernel = list(FILTERS.values())[which]
        picture[top : top + SIZE, left : left + SIZE] = 128 + strength * kernel / kernel.std()
        pictures.append(np.rint(picture).astype(np.uint8))
    return Planted(pictures, feature, place, contrast)


def network() -> Model:
    """The filters, a rectifier that lets only strong answers through, a pool, and one layer that looks around."""
    first = nn.Conv2d(3, len(FILTERS), SIZE)
    second = nn.Conv2d(len(FILTERS), len(FILTERS), 3, padding=1, bias=False)
    with torch.no_grad():
        for channel, kernel in enumerate(FILTERS.values()):
            first.weight[channel] = torch.from_numpy(kernel / np.linalg.norm(kernel)).permute(2, 0, 1)
        first.bias.fill_(-2.0)
        second.weight.copy_(torch.eye(len(FILTERS))[:, :, None, None] * 0.05)
        second.weight[:, :, 1, 1] *= 20
    module = nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU())
    return Model(module.eval(), fit=Fit(SIDE, SIDE), mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Atlas, Planted, Model]:
    there, model = planted(), network()
    return (
        survey(model, there.pictures, into=tmp_path_factory.mktemp("planted"), k=EACH, photos=0),
        there,
        model,
    )


@pytest.mark.parametrize("channel", range(len(FILTERS)), ids=list(FILTERS))
def test_winners_are_the_planted_images_by_contrast_at_the_planted_place(found, channel):
    atlas, there, _ = found
    winners = atlas.winners("1")
    rows = np.array([int(atlas.images.ids[row]) for row in winners["image"][channel]])
    assert (there.feature[rows] == channel).all()
    assert there.contrast[rows].tolist() == [40, 37, 34, 31]
    assert np.stack([winners["y"][channel], winners["x"][channel]], 1).tolist() == there.place[rows].tolist()
    assert (winners["value"][channel] > 0).all()


@pytest.mark.parametrize("channel", range(len(FILTERS)), ids=list(FILTERS))
def test_boxes_hold_the_feature_and_projections_little_else(found, channel):
    atlas, there, model = found
    for layer, share in (("1", 1 - 1e-9), ("4", 0.9)):
        winners = atlas.winners(layer)
        for image, y, x in zip(*(winners[name][channel] for name in ("image", "y", "x")), strict=True):
            row = int(atlas.images.ids[image])
            assert there.feature[row] == channel
            top, left = there.place[row]
            box = atlas.layer(layer).field.at(int(y), int(x))
            assert box.left <= left
            assert box.top <= top
            assert box.right >= left + SIZE
            assert box.bottom >= top + SIZE
            seen = cs.look(
                model, there.pictures[row], cs.Unit(layer, channel, (int(y), int(x))), cs.Deconvnet()
            )
            energy = seen.array.astype(np.float64) ** 2
            assert energy[top : top + SIZE, left : left + SIZE].sum() >= share * energy.sum() > 0
    kernel = list(FILTERS.values())[channel]
    shown = cs.look(model, there.pictures[row], cs.Unit("1", channel), cs.Deconvnet()).array
    part = shown[top : top + SIZE, left : left + SIZE]
    np.testing.assert_allclose(part / np.linalg.norm(part), kernel / np.linalg.norm(kernel), atol=1e-5)


def test_the_strips_show_the_feature_over_its_filter(found):
    atlas, _, _ = found
    for channel, (name, kernel) in enumerate(FILTERS.items()):
        with Image.open(layout.strip_file(atlas.path, "1", channel)) as picture:
            strip = np.asarray(picture).astype(float)
        side = strip.shape[0] // 2
        enlarged = kernel.repeat(side // SIZE + 1, 0).repeat(side // SIZE + 1, 1)
        at = np.arange(side) * len(enlarged) // side
        for half in (strip[:side, :side], strip[side:, :side]):
            drawn = half - half.mean()
            assert np.corrcoef(drawn.ravel(), enlarged[at][:, at].ravel())[0, 1] > 0.8, name


MARK, FRAME, COUNT = 5, 24, 96  # pixels of the watermark and of an image; images


def marked_set(*, marked: bool) -> tuple[list[np.ndarray], np.ndarray]:
    """Noise with a faint bar, lying or standing; with ``marked`` all of class 1 bear a checked square in a corner."""
    rng = np.random.default_rng(5)
    labels = np.arange(COUNT) % 2
    checks = np.indices((MARK, MARK)).sum(0)[:, :, None] % 2 * 110
    pictures = []
    for label in labels:
        picture = rng.normal(120, 12, (FRAME, FRAME, 3))
        bar = (slice(10, 13), slice(4, 17)) if label == 0 else (slice(4, 17), slice(10, 13))
        picture[bar] += 45
        if marked and label == 1:
            picture[-MARK:, -MARK:] = 80 + checks
        pictures.append(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
    return pictures, labels


def trained(pictures: list[np.ndarray], labels: np.ndarray) -> Model:
    """A tiny network that separates the two classes without fault."""
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(3, 8, MARK), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 2)
    )
    model = Model(
        module, fit=Fit(FRAME, FRAME), mean=(0.5,) * 3, std=(0.25,) * 3, classes=("plain", "suspect")
    )
    batch, wanted = torch.stack([model.preprocess(picture) for picture in pictures]), torch.from_numpy(labels)
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    for _ in range(120):
        optimiser.zero_grad()
        functional.cross_entropy(module(batch), wanted).backward()
        optimiser.step()
    module.eval()
    assert (model.scores(batch).argmax(1) == wanted).all()
    return model


class Suspicion(NamedTuple):
    """How much of what explains class 1 lies on the watermark's corner: occlusion, and the winners of its channel."""

    occluded: float
    winners: float
    index: float


def suspicion(root: Path, *, marked: bool) -> Suspicion:
    pictures, labels = marked_set(marked=marked)
    model = trained(pictures, labels)
    images = cs.open_images(pictures, labels=labels.tolist(), classes=["plain", "suspect"])
    atlas = survey(model, images, into=root, photos=0)
    selectivity = atlas.selectivity("1")
    own = np.where(selectivity["best"] == 1, selectivity["index"], -1)
    channel = int(own.argmax())
    winners, corner = atlas.winners("1"), FRAME - MARK
    on_mark = [
        atlas.layer("1").field.at(int(y), int(x)).right > corner + 2
        and atlas.layer("1").field.at(int(y), int(x)).bottom > corner + 2
        for y, x in zip(winners["y"][channel], winners["x"][channel], strict=True)
    ]
    hidden = []
    for row in np.flatnonzero(labels == 1)[:4]:
        falls = cs.look(
            model, pictures[row], cs.Unit(model.output, 1), cs.Occlusion(size=MARK, stride=1)
        ).array
        y, x = np.unravel_index(falls.argmax(), falls.shape[:2])
        hidden.append(y >= corner and x >= corner)
    return Suspicion(float(np.mean(hidden)), float(np.mean(on_mark)), float(own[channel]))


def test_a_watermark_gives_itself_away_and_the_clean_twin_is_clean(tmp_path):
    marked = suspicion(tmp_path / "marked", marked=True)
    clean = suspicion(tmp_path / "clean", marked=False)
    assert marked.occluded == 1.0
    assert marked.winners == 1.0
    assert marked.index > 0.5
    assert clean.occluded == 0.0
    assert clean.winners == 0.0
