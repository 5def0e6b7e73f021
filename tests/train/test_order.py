"""Chance as a function of (seed, epoch, sample), and what augmentation makes of it."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from convscope.train.augment import Augmentation, hue_rotation
from convscope.train.order import draws, order

seeds, epochs = st.integers(0, 2**32 - 1), st.integers(0, 1000)


@given(seeds, epochs, st.integers(1, 50))
def test_an_order_visits_every_sample_once_and_can_be_asked_again(seed, epoch, samples):
    assert sorted(order(seed, epoch, samples)) == list(range(samples))
    assert order(seed, epoch, samples).tolist() == order(seed, epoch, samples).tolist()


def test_epochs_and_seeds_differ():
    orders = {tuple(order(seed, epoch, 20)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


@given(seeds, epochs, st.integers(1, 20), st.integers(1, 30))
def test_a_sample_draws_the_same_however_many_follow(seed, epoch, few, more):
    np.testing.assert_array_equal(draws(seed, epoch, few, 5), draws(seed, epoch, few + more, 5)[:few])


def test_mirroring_is_numpys_mirroring():
    batch = torch.rand(40, 3, 9, 8)
    moved = Augmentation(mirror=True).changes(0, 0, 40, (9, 8)).apply(batch)
    mirrored = torch.from_numpy(batch.numpy()[..., ::-1].copy())
    is_flip = [torch.allclose(a, b, atol=1e-5) for a, b in zip(moved, mirrored, strict=True)]
    is_same = [torch.allclose(a, b, atol=1e-5) for a, b in zip(moved, batch, strict=True)]
    assert all(flip != same for flip, same in zip(is_flip, is_same, strict=True))
    assert 8 < sum(is_flip) < 32


def test_a_shift_stays_within_its_share():
    batch = torch.zeros(60, 1, 32, 32)
    batch[:, 0, 16, 16] = 1
    moved = Augmentation(shift=0.125).changes(0, 0, 60, (32, 32)).apply(batch)
    rows = moved.sum(3)[:, 0].argmax(1) - 16
    assert rows.abs().max() <= 4
    assert len(set(rows.tolist())) > 4
    torch.testing.assert_close(moved.amax((1, 2, 3)), torch.ones(60))  # whole pixels: nothing is blurred


def test_no_augmentation_moves_nothing():
    assert Augmentation().changes(0, 0, 4, (8, 8)) is None


def test_turning_the_hue_keeps_grey_and_moves_red_to_green():
    turn = hue_rotation(np.array([2 * np.pi / 3, 0.4]))
    np.testing.assert_allclose(turn @ np.full(3, 0.7), 0.7, rtol=1e-6)
    np.testing.assert_allclose(turn[0] @ [1, 0, 0], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(turn[1] @ turn[1].T, np.eye(3), atol=1e-6)
