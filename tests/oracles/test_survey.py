"""A survey against a literal search over the same batches, and against other batch sizes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from convscope.errors import BadModel
from convscope.explorer.labs.kernel import kernel_lab
from convscope.images import open_images
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.survey import quantiles
from convscope.survey.loupe import rarity, strongest
from convscope.survey.run import survey
from convscope.survey.tally import Tally
from convscope.survey.winners import Winners


def small_model(seed: int = 0) -> Model:
    torch.manual_seed(seed)
    module = nn.Sequential(
        nn.Conv2d(3, 7, 5, stride=2, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(7, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 4 * 5, 3),
    )  # fmt: skip
    return Model(module, fit=Fit(24, 28), mean=(0.5,) * 3, std=(0.25,) * 3, classes=("a", "b", "c"))


def some_images(count: int = 45) -> Images:
    rng = np.random.default_rng(1)
    arrays = [rng.integers(0, 256, (24, 28, 3), dtype=np.uint8) for _ in range(count)]
    return open_images(arrays, labels=[i % 3 for i in range(count)], classes=["a", "b", "c"])


def outputs(
    model: Model, images: Images, batch: int, memory_format: torch.memory_format = torch.contiguous_format
) -> dict[str, np.ndarray]:
    """Every surveyed layer of every image, by plain module hooks, in batches of consecutive rows."""
    modules = {"1": model.module[1], "5": model.module[5], "7": model.module[7]}
    kept: dict[str, list[np.ndarray]] = {name: [] for name in modules}
    handles = [
        module.register_forward_hook(lambda _, __, out, name=name: kept[name].append(out.clone().numpy()))
        for name, module in modules.items()
    ]
    model.module.eval()
    with torch.no_grad():
        for start in range(0, len(images), batch):
            rows = range(start, min(start + batch, len(images)))
            stacked = torch.stack([model.preprocess(images[row]) for row in rows])
            model.module(stacked.contiguous(memory_format=memory_format))
    for handle in handles:
        handle.remove()
    return {name: np.concatenate(parts) for name, parts in kept.items()}


def literal_winners(maps: np.ndarray, k: int) -> list[list[tuple[float, int, int, int]]]:
    """Loop over everything: (value, row, y, x), one hit an image, ties to lower rows and earlier positions."""
    maps = maps.reshape(*maps.shape[:2], -1, maps.shape[-1]) if maps.ndim == 4 else maps[:, :, None, None]
    found = []
    for channel in range(maps.shape[1]):
        hits = []
        for row in range(maps.shape[0]):
            best = None
            for y in range(maps.shape[2]):
                for x in range(maps.shape[3]):
                    value = float(maps[row, channel, y, x])
                    if best is None or value > best[0]:
                        best = (value, row, y, x)
            hits.append(best)
        found.append(sorted(hits, key=lambda hit: (-hit[0], hit[1]))[:k])
    return found


@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_winners_equal_a_literal_search_bit_for_bit(tmp_path: Path, memory_format: Any) -> None:
    model, images = small_model(), some_images()
    atlas = survey(
        model, images, into=tmp_path / "atlas", batch=8, k=9, photos=3, memory_format=memory_format
    )
    assert list(atlas.layers) == ["1", "5", "7"]
    layout = torch.channels_last if memory_format == "channels_last" else torch.contiguous_format
    for name, maps in outputs(model, images, 8, layout).items():
        winners = atlas.winners(name)
        found = [
            [(float(v), int(i), int(y), int(x)) for v, i, y, x in zip(*rows, strict=True)]
            for rows in zip(*(winners[key] for key in ("value", "image", "y", "x")), strict=True)
        ]
        assert found == literal_winners(maps, 9), name


def test_every_image_has_its_prediction(tmp_path: Path) -> None:
    model, images = small_model(), some_images()
    atlas = survey(model, images, into=tmp_path / "atlas", batch=2, project=False, photos=0)
    scores = torch.from_numpy(outputs(model, images, 2)["7"])
    assert list(atlas.images.predicted) == scores.argmax(1).tolist()
    ranked = scores.softmax(1).sort(descending=True).values
    np.testing.assert_allclose(atlas.images.probability, ranked[:, 0], atol=1e-6)
    np.testing.assert_allclose(atlas.images.margin, ranked[:, 0] - ranked[:, 1], atol=2e-6)


def test_other_batch_sizes_agree_up_to_ties(tmp_path: Path) -> None:
    model, images = small_model(), some_images()
    first = survey(model, images, into=tmp_path / "a", batch=8, project=False, photos=0)
    second = survey(model, images, into=tmp_path / "b", batch=45, project=False, photos=0)
    for name in first.layers:
        one, two = first.winners(name), second.winners(name)
        np.testing.assert_allclose(one["value"], two["value"], rtol=1e-6, atol=1e-7)
        differ = one["image"] != two["image"]
        gaps = np.abs(np.diff(one["value"], axis=1))
        near = np.zeros_like(differ)
        near[:, :-1] |= gaps < 1e-6
        near[:, 1:] |= gaps < 1e-6
        assert not (differ & ~near).any()


def test_numbers_equal_numpy(tmp_path: Path) -> None:
    model, images = small_model(), some_images()
    atlas = survey(model, images, into=tmp_path / "atlas", batch=16, project=False, photos=0)
    for name, maps in outputs(model, images, 16).items():
        flat = maps.reshape(len(maps), maps.shape[1], -1).astype(np.float64)
        numbers = atlas.numbers(name)
        np.testing.assert_allclose(numbers["mean"], flat.mean(axis=(0, 2)), rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(numbers["maximum"], flat.max(axis=(0, 2)).astype(np.float32))
        np.testing.assert_allclose(numbers["positive"], (flat > 0).mean(axis=(0, 2)))
        for label in range(3):
            own = flat[images.labels == label]
            np.testing.assert_allclose(
                numbers["class_mean"][:, label], own.mean(axis=(0, 2)), rtol=1e-5, atol=1e-6
            )
            np.testing.assert_allclose(
                numbers["class_peak"][:, label], own.max(axis=2).mean(axis=0), rtol=1e-5
            )
        exact = np.quantile(
            flat.transpose(1, 0, 2).reshape(flat.shape[1], -1), 0.999, axis=1, method="inverted_cdf"
        )
        np.testing.assert_allclose(numbers["p999"], exact, rtol=0.063, atol=2**-15)
        assert (numbers["histogram"].sum(axis=1) == flat.shape[0] * flat.shape[2]).all()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9, 0.999, 1.0])
def test_quantiles_of_signed_values_stay_within_a_bin(share: float) -> None:
    values = np.random.default_rng(0).standard_cauchy((3, 4000)).astype(np.float32)
    counts = np.zeros((len(values), quantiles.BINS), dtype=np.int64)
    quantiles.count(quantiles.upper_bits(torch.from_numpy(values.T)), counts)
    exact = np.quantile(values, share, axis=1, method="inverted_cdf")
    np.testing.assert_allclose(
        quantiles.quantile(counts, share, values.max(axis=1)), exact, rtol=0.063, atol=2**-15
    )


def test_many_values_at_once_are_counted_as_few_at_a_time_are() -> None:
    channels = 2 * quantiles.ACROSS + 3
    values = np.random.default_rng(0).standard_cauchy((2000, channels)).astype(np.float32)
    values = torch.from_numpy(values)
    whole, parts = (np.ones((channels, quantiles.BINS), dtype=np.int64) for _ in range(2))
    quantiles.count(quantiles.upper_bits(values), whole)
    for part in values.split(500):
        quantiles.count(quantiles.upper_bits(part), parts)
    assert (whole.sum(), whole[0].std() > 0) == (channels * (2000 + quantiles.BINS), True)
    assert np.array_equal(whole, parts)


def test_equal_values_go_to_the_lower_row_and_the_earlier_position() -> None:
    tally = Tally(channels=1, classes=1, k=3, positions=4)
    maps = torch.tensor([[[[1.0, 2.0], [2.0, 0.0]]]] * 3 + [[[[0.0, 0.0], [0.0, 2.0]]]])
    tally.add(maps, np.arange(4), np.zeros(4, dtype=np.int64), "tie")
    assert tally.winners.value.tolist() == [[2.0, 2.0, 2.0]]
    assert tally.winners.image.tolist() == [[0, 1, 2]]
    assert list(zip(tally.winners.y[0], tally.winners.x[0], strict=True)) == [(0, 1)] * 3


def test_fewer_images_than_winners_leave_empty_places() -> None:
    tally = Tally(channels=2, classes=0, k=4, positions=4)
    tally.add(torch.full((1, 2, 3, 3), -torch.inf), np.array([5]), np.array([-1]), "low")
    assert tally.winners.image.tolist() == [[5, -1, -1, -1]] * 2
    assert np.isneginf(tally.winners.value).all()


def test_nan_is_refused_naming_layer_and_image() -> None:
    maps = torch.zeros(3, 2, 2, 2)
    maps[1, 0, 1, 1] = torch.nan
    with pytest.raises(BadModel, match="layer conv7 is NaN for image row 11"):
        Tally(2, 1, 3, 4).add(maps, np.array([10, 11, 12]), np.zeros(3, dtype=np.int64), "conv7")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    values=st.lists(st.integers(-3, 3), min_size=1, max_size=24),
    cuts=st.lists(st.integers(0, 24), max_size=4),
    k=st.integers(1, 5),
)
def test_winners_do_not_depend_on_how_the_images_were_shared(
    values: list[int], cuts: list[int], k: int
) -> None:
    rows = np.arange(len(values), dtype=np.int32)[None]
    all_at_once = Winners.none(1, k).merge(Winners(np.float32([values]), rows, rows, rows))
    shared = Winners.none(1, k)
    bounds = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    for start, stop in reversed(list(pairwise(bounds))):
        part = rows[:, start:stop]
        shared = shared.merge(Winners(np.float32([values[start:stop]]), part, part, part))
    assert all(np.array_equal(a, b) for a, b in zip(all_at_once.arrays(), shared.arrays(), strict=True))


def test_loupe_cells_hold_the_three_rarest_channels(tmp_path: Path) -> None:
    model, images = small_model(), some_images(12)
    atlas = survey(model, images, into=tmp_path / "atlas", batch=12, photos=4)
    loupe, numbers = atlas.loupe("5"), atlas.numbers("5")
    maps = outputs(model, images, 12)["5"]
    for place, row in enumerate(atlas.chosen):
        for y in range(maps.shape[2]):
            for x in range(maps.shape[3]):
                scale = np.where(numbers["p999"] > 0, numbers["p999"], numbers["maximum"])
                scores = [maps[row, c, y, x] / scale[c] if maps[row, c, y, x] > 0 else 0.0 for c in range(5)]
                expected = [c for c in sorted(range(5), key=lambda c: (-scores[c], c))[:3] if scores[c] > 0]
                expected += [65535] * (3 - len(expected))
                assert loupe["channel"][place, :, y, x].tolist() == expected


def test_the_kernel_lesson_prints_what_the_networks_own_convolution_gives(tmp_path: Path) -> None:
    model, images = small_model(), some_images(6)
    lab = kernel_lab(survey(model, images, into=tmp_path / "atlas", batch=6, photos=2, project=False))
    assert lab is not None
    with torch.no_grad():
        maps = model.module[0](model.preprocess(images[lab.crop.row])[None])[0].numpy()
    (y, x), (_, own) = lab.position, lab.benches
    for slide in own.slides:
        height, width = slide.map.shape
        assert height >= 3
        np.testing.assert_allclose(slide.map, maps[slide.channel, y : y + height, x : x + width], atol=1e-5)


def test_no_weights_are_kept_where_the_photographs_are_not_what_the_network_reads(tmp_path: Path) -> None:
    tensors = torch.randn(4, 3, 24, 28)
    atlas = survey(
        small_model(), open_images(tensors), into=tmp_path / "atlas", batch=4, photos=1, project=False
    )
    assert atlas.weights("1") is None


def test_a_loud_channel_does_not_win_every_cell() -> None:
    maps = np.float32([[[100.0, 90.0]], [[0.1, 1.0]]])
    score = rarity(maps, np.float32([100.0, 0.5]), np.float32([200.0, 1.0]))
    channels, _ = strongest(score)
    assert channels[0].tolist() == [[0, 1]]
    assert channels[2].tolist() == [[65535, 65535]]


def test_two_surveys_write_the_same_bytes(tmp_path: Path) -> None:
    model, images = small_model(), some_images(20)
    for name in ("a", "b"):
        survey(model, images, into=tmp_path / name, batch=8, photos=2)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 20
    for path in files:
        if path.name != "atlas.json":  # it holds date and seconds
            assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path


def test_the_drawn_histogram_follows_numpys() -> None:
    values = np.random.default_rng(0).gamma(2.0, 1.5, (1, 4000)).astype(np.float32)
    counts = np.zeros((len(values), quantiles.BINS), dtype=np.int64)
    quantiles.count(quantiles.upper_bits(torch.from_numpy(values.T)), counts)
    drawn, steps = quantiles.linear(counts, values.min(axis=1), values.max(axis=1), 20)
    expected, _ = np.histogram(values[0], bins=steps[0])
    assert drawn.sum() == 4000
    assert np.abs(drawn[0] - expected).max() < 0.02 * 4000
