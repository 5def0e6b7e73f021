"""Chance as a function of (seed, epoch, sample), and what augmentation makes of it."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from convscope.train.augment import Augmentation, move
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
    moved = move(batch, Augmentation(mirror=True).moves(0, 0, 40))
    mirrored = torch.from_numpy(batch.numpy()[..., ::-1].copy())
    is_flip = [torch.allclose(a, b, atol=1e-5) for a, b in zip(moved, mirrored, strict=True)]
    is_same = [torch.allclose(a, b, atol=1e-5) for a, b in zip(moved, batch, strict=True)]
    assert all(flip != same for flip, same in zip(is_flip, is_same, strict=True))
    assert 8 < sum(is_flip) < 32


def test_a_shift_stays_within_its_share():
    batch = torch.zeros(60, 1, 32, 32)
    batch[:, 0, 16, 16] = 1
    moved = move(batch, Augmentation(shift=0.125).moves(0, 0, 60))
    rows = moved.sum(3)[:, 0].argmax(1) - 16
    assert rows.abs().max() <= 4
    assert len(set(rows.tolist())) > 4


def test_no_augmentation_moves_nothing():
    assert Augmentation().moves(0, 0, 4) is None
