"""What the middle of the ranking looks like, which class a channel prefers, which channels are alike: against numpy."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.context import box_of, size_of
from convscope.atlas.read import Atlas
from convscope.atlas.selectivity import selectivity
from convscope.errors import UnknownName
from convscope.images.source import Images
from convscope.plain.render import scale_tile
from convscope.survey import ranked
from convscope.survey.ranked import at_quantiles, sampled_rows
from convscope.survey.run import survey
from convscope.survey.tally import Tally

from .test_survey import outputs, small_model, some_images

Surveyed = tuple[Atlas, dict[str, np.ndarray], Images]


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surveyed]:
    """An atlas, every activation ``[N, C, H, W]`` by plain hooks, and the images."""
    model, images = small_model(), some_images()
    atlas = survey(model, images, into=tmp_path_factory.mktemp("atlas"), batch=8, project=False, photos=0)
    found = outputs(model, images, 8)
    return (
        atlas,
        {name: maps.reshape(*maps.shape[:2], *(maps.shape[2:] or (1, 1))) for name, maps in found.items()},
        images,
    )


def test_quantiles_are_numpys_and_their_images_really_peak_there(surveyed: Surveyed) -> None:
    atlas, found, _ = surveyed
    for name, maps in found.items():
        numbers, peaks = atlas.numbers(name), maps.max(axis=(2, 3))
        exact = np.quantile(peaks, ranked.QUANTILES, axis=0, method="inverted_cdf").T
        assert np.array_equal(numbers["quantile_value"][:, :2, 1], exact[:, :2])
        assert np.array_equal(numbers["quantile_value"][:, 2, 2], exact[:, 2])  # 99 % of 45 is the last one
        for channel, quantile, place in np.ndindex(*numbers["quantile_image"].shape):
            row, y, x = (
                int(numbers[f"quantile_{key}"][channel, quantile, place]) for key in ("image", "y", "x")
            )
            assert maps[row, channel, y, x] == numbers["quantile_value"][channel, quantile, place]
            assert maps[row, channel].argmax() == y * maps.shape[3] + x
        assert (np.diff(numbers["quantile_value"], axis=2) >= 0).all()


@pytest.mark.parametrize(
    ("row", "top", "side", "layer"),
    [("whole", 0, 64, "1"), ("ordinary", 64, 48, "7"), ("alike", 112, 32, "7")],
)  # a class sees the whole image
def test_what_stands_about_a_channel_shows_those_images(surveyed: Surveyed, row, top, side, layer) -> None:
    atlas, _, images = surveyed
    numbers = atlas.numbers(layer)
    with Image.open(layout.context_file(atlas.path, layer, 1)) as picture:
        pixels = np.asarray(picture).astype(float)
    near = [channel for channel in numbers["neighbour"][1].tolist() if channel >= 0]
    shown = {
        "whole": numbers["image"][1],
        "ordinary": numbers["quantile_image"][1].ravel(),
        "alike": numbers["image"][near, :3].ravel(),
    }
    assert len(near) > 0
    assert pixels.shape == (144, 9 * 64, 3) == (*size_of(numbers)[::-1], 3)
    for place, image in enumerate(shown[row]):
        assert box_of(row, place) == (place * side, top, (place + 1) * side, top + side)
        tile = pixels[top : top + side, place * side : (place + 1) * side]
        away = [np.abs(tile - scale_tile(images[int(other)], side)).mean() for other in range(len(images))]
        assert np.argmin(away) == image


def test_peaks_of_the_sample_are_every_images_maximum(surveyed: Surveyed) -> None:
    atlas, found, _ = surveyed
    for name, maps in found.items():
        peaks = atlas.peaks(name)
        assert peaks is not None
        assert np.array_equal(peaks["row"], np.arange(45))
        assert np.array_equal(peaks["peak"], maps.max(axis=(2, 3)).T)


def test_spreads_of_classes_are_numpys(surveyed: Surveyed) -> None:
    atlas, found, images = surveyed
    for name, maps in found.items():
        for label in range(3):
            own = maps.max(axis=(2, 3))[images.labels == label].astype(np.float64)
            np.testing.assert_allclose(
                atlas.numbers(name)["class_spread"][:, label], own.std(axis=0, ddof=1), rtol=1e-5, atol=1e-7
            )


def test_one_image_of_a_class_has_no_spread() -> None:
    tally = Tally(1, 2, 1, 4)
    tally.class_images[:2] = (1, 2)
    tally.class_sums.add(
        np.array([0, 1, 1]), np.array([[[1.0], [3.0], [9.0]], [[1.0], [2.0], [4.0]], [[1.0], [4.0], [16.0]]])
    )
    np.testing.assert_allclose(tally.numbers()["class_spread"], [[np.nan, 2**0.5]])


def test_a_large_set_is_sampled_by_what_its_images_are_called() -> None:
    small, large = [f"{n}.png" for n in range(2000)], [f"{n}.png" for n in range(4000)]
    of_small, of_large = sampled_rows(small, 0), sampled_rows(large, 0)
    assert len(of_small) == len(of_large) == ranked.ENOUGH
    assert set(of_large[of_large < 2000]) < set(of_small)  # what stays of it was in it before
    shuffled = np.random.default_rng(0).permutation(2000)
    again = sampled_rows([small[place] for place in shuffled], 0)
    assert set(shuffled[again]) == set(of_small)
    assert set(of_small) != set(sampled_rows(small, 1))
    quarters = np.histogram(of_small, bins=4, range=(0, 2000))[0]
    assert quarters.min() > 90


def test_a_samples_quantiles_are_as_near_as_the_format_says() -> None:
    """Of 100 channels over 20,000 images each quantile may leave its stated range five times or so."""
    rows = sampled_rows([str(n) for n in range(20_000)], 0)
    values = np.random.default_rng(0).gamma(2.0, size=(20_000, 100)).astype(np.float32)
    found = at_quantiles(rows, values[rows], np.zeros((len(rows), 100), np.int32), 1)["quantile_value"][
        :, :, 1
    ]
    ranks = (values[:, :, None] <= found[None]).mean(axis=0) * 100
    for quantile, (share, within) in enumerate(zip((50, 90, 99), (4.4, 2.7, 0.9), strict=True)):
        assert (np.abs(ranks[:, quantile] - share) > within).sum() <= 12


@pytest.mark.parametrize("sampled", [[2, 5, 11], [0, 13], []])
def test_of_the_images_in_the_sample_and_of_no_other_the_peaks_are_kept(sampled: list[int]) -> None:
    maps = torch.from_numpy(np.random.default_rng(0).normal(size=(14, 3, 2, 5)).astype(np.float32))
    tally = Tally(3, 1, 2, 4, np.array(sampled, dtype=np.int64))
    for rows in (np.arange(7, 14), np.arange(3, 7), np.arange(3)):
        tally.add(maps[rows], rows, np.zeros(len(rows), dtype=np.int64), "layer")
    flat = maps.numpy().reshape(14, 3, 10)[sampled]
    assert (tally.peaks == flat.max(axis=2)).all()
    assert (tally.places == flat.argmax(axis=2)).all()


def test_two_images_leave_a_place_empty() -> None:
    found = at_quantiles(np.arange(2), np.float32([[3.0], [1.0]]), np.int32([[5], [0]]), 4)
    assert found["quantile_image"].tolist() == [[[1, 0, -1]] * 3]
    assert found["quantile_value"].tolist() == [[[1.0, 3.0, -np.inf]] * 3]
    assert (found["quantile_y"][0, 0].tolist(), found["quantile_x"][0, 0].tolist()) == (
        [0, 1, -1],
        [0, 1, -1],
    )


def test_selectivity_is_the_papers_formula(surveyed: Surveyed) -> None:
    atlas, found, images = surveyed
    for name, maps in found.items():
        seen = atlas.selectivity(name)
        peaks = maps.max(axis=(2, 3)).astype(np.float64)
        for channel in range(peaks.shape[1]):
            means = [max(peaks[images.labels == label, channel].mean(), 0) for label in range(3)]
            best = int(np.argmax(means))
            rest = sum(means[:best] + means[best + 1 :]) / 2
            if means[best] <= 0:
                assert seen["best"][channel] == -1
                assert np.isnan(seen["index"][channel])
                continue
            assert seen["best"][channel] == best
            assert seen["index"][channel] == pytest.approx(
                (means[best] - rest) / (means[best] + rest), rel=1e-5
            )


def test_its_interval_covers_the_truth_nineteen_times_of_twenty() -> None:
    rng, means, counts = np.random.default_rng(0), np.array([5.0, 2.0, 1.0]), np.array([60, 80, 40])
    draws = [[rng.gamma(4, mean / 4, (count, 2000)) for mean, count in zip(means, counts, strict=True)]][0]
    peak = np.stack([draw.mean(axis=0) for draw in draws], axis=1)
    spread = np.stack([draw.std(axis=0, ddof=1) for draw in draws], axis=1)
    seen, truth = selectivity(peak, spread, counts), (5 - 1.5) / (5 + 1.5)
    covered = ((seen["low"] <= truth) & (truth <= seen["high"])).mean()
    assert 0.93 < covered < 0.965
    assert (seen["best"] == 0).all()


def test_without_a_class_there_is_no_selectivity() -> None:
    seen = selectivity(np.empty((3, 0)), np.empty((3, 0)), np.empty(0, np.int64))
    assert seen["best"].tolist() == [-1] * 3
    one = selectivity(np.ones((2, 1)), np.ones((2, 1)), np.array([4]))
    assert one["best"].tolist() == [-1, -1]


def test_a_channel_that_all_classes_drive_alike_prefers_none() -> None:
    seen = selectivity(
        np.array([[1.8, 1.8, 1.8], [1.8, 1.8, 1.9]], np.float32), np.zeros((2, 3)), np.array([2, 2, 2])
    )
    assert seen["best"].tolist() == [-1, 2]
    assert seen["index"][0] == pytest.approx(0)


def test_neighbours_are_those_of_numpys_correlation(surveyed: Surveyed) -> None:
    atlas, found, _ = surveyed
    peaks = {name: maps.max(axis=(2, 3)).T.astype(np.float64) for name, maps in found.items()}
    for channel in range(7):
        exact = np.array([np.corrcoef(peaks["1"][channel], other)[0, 1] for other in peaks["1"]])
        near = atlas.neighbours("1", channel, count=4)
        kept = [c for c, alike in zip(near["channel"], near["similarity"], strict=True) if alike > 0]
        assert atlas.numbers("1")["neighbour"][channel].tolist() == kept + [-1] * (4 - len(kept))
        assert near["channel"].tolist() == [c for c in np.argsort(-exact) if c != channel][:4]
        np.testing.assert_allclose(near["similarity"], exact[near["channel"]], atol=1e-5)
        across = atlas.neighbours("1", channel, of="5", count=2)
        exact = np.nan_to_num([np.corrcoef(peaks["1"][channel], other)[0, 1] for other in peaks["5"]])
        np.testing.assert_allclose(across["similarity"], np.sort(exact)[::-1][:2], atol=1e-5)
    with pytest.raises(UnknownName, match=r"unknown channel '7': 1 has channels 0 to 6"):
        atlas.neighbours("1", 7)
