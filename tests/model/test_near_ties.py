"""Near-ties of max-pool windows against a literal loop, and on the map that they could change."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import convscope as cs
from convscope.model.model import Model
from convscope.model.near_ties import near_ties, tied_windows
from convscope.plain.boxes import Box
from convscope.plain.fit import Fit


def literal(
    maps: np.ndarray, kernel: int, stride: int, padding: int, dilation: int, size: tuple
) -> np.ndarray:
    """Every window, value by value."""
    tied = np.zeros((len(maps), *size), bool)
    for channel, y, x in np.ndindex(*tied.shape):
        values = sorted(
            maps[channel, row, column]
            for row in (y * stride - padding + dilation * step for step in range(kernel))
            for column in (x * stride - padding + dilation * step for step in range(kernel))
            if 0 <= row < maps.shape[1] and 0 <= column < maps.shape[2]
        )
        if len(values) > 1 and values[-1] != 0:
            tied[channel, y, x] = values[-1] - values[-2] <= 1e-5 * max(abs(values[-1]), abs(values[-2]))
    return tied


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "ceil"),
    [
        (2, 2, 0, 1, False),
        (3, 2, 1, 1, False),
        (3, 2, 0, 1, True),
        (2, 1, 0, 2, False),
        (3, 3, 1, 2, True),
        (1, 1, 0, 1, False),
    ],
)
def test_tied_windows_equal_a_literal_loop(kernel, stride, padding, dilation, ceil):
    rng = np.random.default_rng(0)
    maps = rng.integers(0, 3, (2, 9, 11)) * (1 + rng.integers(-1, 2, (2, 9, 11)) * 4e-6)
    maps = torch.from_numpy(maps - (rng.random((2, 9, 11)) < 0.2)).float()
    named = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    pooled = functional.max_pool2d(maps, **named, ceil_mode=ceil)
    found = tied_windows(maps, pooled, named).numpy()
    expected = literal(maps.double().numpy(), kernel, stride, padding, dilation, tuple(pooled.shape[1:]))
    assert np.array_equal(found, expected)
    assert expected.any() or kernel == 1


def two_pools() -> Model:
    """Brightness through two pools."""
    first = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.ones_(first.weight)
    second = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.ones_(second.weight)
    module = nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.MaxPool2d(2), nn.ReLU())
    return Model(module.eval(), fit=Fit(8, 8, channels=1), mean=(0.0,), std=(1.0,))


def picture(*pairs: tuple[int, int]) -> np.ndarray:
    """All different, but equal neighbours (y, x), (y, x + 1)."""
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 3 + 2
    for y, x in pairs:
        pixels[y, x] = pixels[y, x + 1] = 250
    return pixels


def test_only_ties_that_the_unit_can_see_are_counted():
    model, image = two_pools(), picture((1, 0), (5, 6))
    pixels = model.preprocess(image)
    whole = near_ties(model, pixels, model.layers["6"], Box(0, 0, 8, 8))
    assert whole == {"2": 2}
    assert near_ties(model, pixels, model.layers["6"], Box(0, 0, 4, 4)) == {"2": 1}
    assert near_ties(model, pixels, model.layers["6"], Box(4, 0, 8, 4)) == {}


@pytest.mark.parametrize("lens", [cs.Deconvnet(), cs.GuidedBackprop()])
def test_a_map_says_how_many_switches_are_nearly_tied(lens):
    tied = cs.look(two_pools(), picture((1, 0)), cs.Unit("6", 0, (0, 0)), lens).validity
    assert tied.notes[-1].startswith(
        "1 max-pool window holds two largest values within 1e-05 of each other (most in 2)"
    )
    clear = cs.look(two_pools(), picture(), cs.Unit("6", 0, (0, 0)), lens).validity
    assert not any("max-pool" in note for note in clear.notes)
