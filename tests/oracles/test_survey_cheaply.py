"""What makes a survey cheap changes nothing: layout, order of arrival, and what the sample promises."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.transforms.functional import center_crop, resize

from convscope.images import open_images
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.survey import pixels as survey_pixels
from convscope.survey import quantiles
from convscope.survey.count import read_ahead
from convscope.survey.pixels import Pixels
from convscope.survey.run import survey
from convscope.survey.sample import positions, positions_a_map
from convscope.survey.tally import Tally, reduced
from convscope.survey.winners import Winners

from .test_survey import literal_winners, some_images


class Viewing(nn.Module):
    """A forward as tutorials write it: ``view`` cannot flatten a channels_last map."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 4, 5, stride=4)
        self.scores = nn.Linear(4 * 5 * 6, 3)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.scores(self.features(pixels).relu().view(-1, 4 * 5 * 6))


class Strides(nn.Module):
    """One whose answer depends on the memory below its input."""

    def forward(self, pixels: Tensor) -> Tensor:
        return torch.as_strided(pixels, (len(pixels), 3), (3 * 24 * 28, 1)) * 2


def opened(module: nn.Module) -> Model:
    return Model(module, fit=Fit(24, 28), mean=(0.5,) * 3, std=(0.25,) * 3, classes=("a", "b", "c"))


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten()), torch.channels_last),
        (Viewing(), torch.contiguous_format),
        (Strides(), torch.contiguous_format),
    ],
)
def test_batches_are_channels_last_where_the_network_takes_it_and_it_was_asked_for(module, expected) -> None:
    pixels = Pixels(opened(module), some_images(3), channels_last=True)
    assert pixels.memory_format == expected
    assert pixels.batch([0, 2]).is_contiguous(memory_format=expected)


def test_a_network_that_views_is_surveyed_as_it_is(tmp_path: Path) -> None:
    model, images = opened(Viewing()), some_images(20)
    atlas = survey(
        model, images, into=tmp_path, batch=8, project=False, photos=0, memory_format="channels_last"
    )
    batches = [range(start, min(start + 8, 20)) for start in range(0, 20, 8)]
    with torch.no_grad():
        stacked = [torch.stack([model.preprocess(images[row]) for row in rows]) for rows in batches]
        maps = torch.cat([model.module.features(batch).relu() for batch in stacked]).numpy()
    winners = atlas.winners("relu")
    found = [
        [(float(v), int(i), int(y), int(x)) for v, i, y, x in zip(*rows, strict=True)]
        for rows in zip(*(winners[key] for key in ("value", "image", "y", "x")), strict=True)
    ]
    assert found == literal_winners(maps, 9)
    assert atlas.manifest["provenance"]["memory format"] == "contiguous_format"


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_maximum_place_and_sum_of_every_map(layout: torch.memory_format) -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.randint(-3, 3, (5, 7, 4, 6), generator=generator).float().contiguous(memory_format=layout)
    maps[0, 0] = -torch.inf
    maps[1, 1, 2, 3] = torch.nan
    flat = maps.flatten(2).numpy()
    peak, place, total = reduced(maps)
    np.testing.assert_array_equal(peak, flat.max(axis=2))
    np.testing.assert_array_equal(place, flat.argmax(axis=2))
    np.testing.assert_array_equal(total, flat.sum(axis=2))


def test_winners_do_not_depend_on_which_images_came_first() -> None:
    maps = torch.randint(-2, 2, (40, 6, 3, 3), generator=torch.Generator().manual_seed(0)).float()
    maps[:, 5] = -torch.inf
    maps[:, 4] *= -0.0
    expected = [(v, r, y, x) for row in literal_winners(maps.numpy(), 9) for v, r, y, x in row]
    for order in (np.arange(40), np.arange(40)[::-1], np.random.default_rng(0).permutation(40)):
        tally = Tally(6, 1, 9, positions=9)
        for rows in np.array_split(order, 7):
            tally.add(maps[np.sort(rows)], np.sort(rows), np.zeros(len(rows), dtype=np.int64), "any")
        found = zip(*(array.ravel().tolist() for array in tally.winners.arrays()), strict=True)
        assert list(found) == expected


def test_winners_sort_as_numbers_do() -> None:
    rng = np.random.default_rng(0)
    value = rng.normal(size=50) * 10.0 ** rng.integers(-44, 38, 50)
    value = np.array([*value, np.inf, -np.inf, 0.0, -0.0], dtype=np.float32)
    image = rng.permutation(len(value)).astype(np.int32)
    none = Winners.none(1, len(value) + 1)
    rows = image[None]
    merged = none.merge(Winners(value[None], rows, rows, rows))
    expected = sorted(zip((-value).tolist(), image.tolist(), strict=True))
    assert merged.image[0].tolist() == [row for _, row in expected] + [-1]


def test_a_sample_visits_every_position_alike() -> None:
    seen = np.bincount(positions(49, 8, np.arange(4900)).ravel(), minlength=49)
    assert seen.sum() == 8 * 4900
    assert np.abs(seen / 800 - 1).max() < 0.02
    assert positions(6, 8, np.array([3, 77])).tolist() == [list(range(6))] * 2


@pytest.mark.parametrize("images", [1, 16, 1000, 5000, 10**6])
def test_a_sample_is_large_enough_and_no_larger(images: int) -> None:
    wanted = positions_a_map(images)
    assert wanted * images >= 131_072
    assert wanted == 8 or (wanted - 1) * images < 131_072


def test_sampled_numbers_are_near_those_of_all_values() -> None:
    rng = np.random.default_rng(0)
    maps = rng.gamma(2.0, 1.5, (2048, 2, 12, 12)).astype(np.float32) - 1
    tally = Tally(2, 0, 3, positions_a_map(2048))
    for rows in np.split(np.arange(2048), 32):
        tally.add(torch.from_numpy(maps[rows]), rows, np.full(64, -1), "gamma")
    numbers = tally.numbers()
    flat = maps.transpose(1, 0, 2, 3).reshape(2, -1)
    assert (numbers["histogram"].sum(axis=1) == 2048 * 64).all()
    np.testing.assert_allclose(numbers["positive"], (flat > 0).mean(axis=1), atol=0.004)
    np.testing.assert_allclose(numbers["p999"], np.quantile(flat, 0.999, axis=1), rtol=0.08)
    np.testing.assert_allclose(numbers["mean"], flat.mean(axis=1, dtype=np.float64), rtol=1e-6)
    assert tally.counts.shape == (2, quantiles.BINS)


def test_a_picture_is_fitted_once_however_it_is_cropped():
    fit = Fit(16, 16, how="crop", resize=24)
    model = Model(nn.Conv2d(3, 2, 3), fit=fit, mean=(0.5,) * 3, std=(0.5,) * 3, classes=("a", "b"))
    image = np.random.default_rng(2).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    # torchvision's own preprocessing is the oracle: shorter side to 24, the middle 16 x 16
    picture = resize(torch.from_numpy(image).permute(2, 0, 1), [24], antialias=True)
    expected = center_crop(picture, [16]).float() / 255 * 2 - 1
    (found,) = Pixels(model, open_images([image])).batch([0])
    assert (found - expected).abs().max() <= 2 / 255 + 1e-6  # Pillow rounds once more


def test_what_waits_to_be_ranked_is_in_what_is_stored() -> None:
    maps = torch.rand(5, 8, 2, 2, generator=torch.Generator().manual_seed(3))
    maps[4] = 0
    maps[4, 6, 1, 0] = 2.0
    tally, again = Tally(8, 1, 2, positions=4), Tally(8, 1, 2, positions=4)
    for rows in (
        np.arange(4),
        np.array([4]),
    ):  # the second lets a single image in, which alone is not worth a look
        tally.add(maps[rows], rows, np.zeros(len(rows), dtype=np.int64), "any")
    again.restore(tally.state())
    expected = [(v, r, y, x) for row in literal_winners(maps.numpy(), 2) for v, r, y, x in row]
    assert list(zip(*(array.ravel().tolist() for array in again.winners.arrays()), strict=True)) == expected


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_is_each_of_its_images_by_the_formula_to_the_bit(channels_last, count) -> None:
    rng = np.random.default_rng(2)
    arrays = [rng.integers(0, 256, (24, 28, count), dtype=np.uint8) for _ in range(4)]
    mean, std = ((0.485, 0.456, 0.406)[:count], (0.229, 0.224, 0.225)[:count])
    model = Model(nn.Conv2d(count, 2, 3), fit=Fit(24, 28, channels=count), mean=mean, std=std)
    batch = Pixels(model, open_images(arrays), channels_last=channels_last).batch(range(1, 4))
    assert batch.is_contiguous(
        memory_format=torch.channels_last if channels_last else torch.contiguous_format
    )
    for array, made in zip(arrays[1:], batch, strict=True):
        for channel in range(count):
            scaled = torch.from_numpy(array[:, :, channel].astype(np.float32)) / 255
            expected = (scaled - torch.tensor(mean[channel])) / torch.tensor(std[channel])
            assert torch.equal(made[channel], expected)


def test_values_that_wait_are_counted_as_they_were() -> None:
    values = torch.from_numpy(np.random.default_rng(5).normal(size=(1500, 3)).astype(np.float32))
    tally, literal = Tally(3, 1, 2, 8), np.zeros((3, quantiles.BINS), dtype=np.int64)
    for row, value in enumerate(values):
        literal[np.arange(3), np.searchsorted(quantiles.edges(), value.numpy(), side="right") - 1] += 1
        output = value[None].clone()
        tally.add(output, np.array([row]), np.array([0]), "any")
        output.fill_(9.0)  # as the next layer may, in place
        if row in (7, 1200):
            assert tally.state()["counts"].sum() == 3 * (row + 1)
    assert np.array_equal(tally.counts, literal)


def test_no_more_pictures_are_kept_than_few(monkeypatch) -> None:
    monkeypatch.setattr(survey_pixels, "KEPT", 3)
    images = some_images(8)
    pixels = Pixels(opened(nn.Conv2d(3, 2, 3)), images)
    for row in (0, 1, 2, 0, 3, 4, 5, 6, 7):
        np.testing.assert_array_equal(pixels.shown(row), images[row])
    assert list(pixels.places) == [5, 6, 7]
    assert pixels.store.nbytes == 3 * images[0].nbytes


def test_batches_are_read_in_order_and_only_a_few_ahead() -> None:
    asked: list[int] = []
    pixels: Any = SimpleNamespace(batch=lambda rows: torch.tensor(list(rows)))
    todo = (asked.append(start) or range(start, start + 4) for start in range(0, 40, 4))
    batches = read_ahead(pixels.batch, todo)
    first, _ = next(batches)
    assert asked == [0, 4, 8]
    rest = [(rows.tolist(), pixels.tolist()) for rows, pixels in batches]
    assert first.tolist() == [0, 1, 2, 3]
    assert rest == [(list(range(start, start + 4)),) * 2 for start in range(4, 40, 4)]
