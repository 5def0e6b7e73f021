"""What each channel adds to a difference of scores, against the network's own arithmetic."""

import numpy as np
import torch
from small_networks import pooled, wrap
from torch import nn

from convscope.studies.contributions import contributions

BATCH = torch.randn(5, 3, 12, 12, generator=torch.Generator().manual_seed(3))


def test_after_a_mean_and_a_linear_layer_a_part_is_weight_times_mean():
    model = pooled()
    found = contributions(model, [BATCH[:2], BATCH[2:]], "relu#2", 1, 3)
    with torch.no_grad():
        maps = model.module.maps(BATCH)
        head = model.module.head
        parts = (head.weight[1] - head.weight[3]) * maps.mean((2, 3))
        scores = model.module(BATCH)
    np.testing.assert_allclose(found.parts, parts, atol=1e-6)
    np.testing.assert_allclose(found.scores, scores, atol=1e-6)
    np.testing.assert_allclose(found.gap, scores[:, 1] - scores[:, 3], atol=1e-6)
    np.testing.assert_allclose(
        found.gap - found.parts.sum(1), (head.bias[1] - head.bias[3]).item(), atol=1e-6
    )
    np.testing.assert_allclose(found.peak, maps.amax((2, 3)), atol=1e-6)
    assert np.array_equal(found.place, maps.flatten(2).argmax(2))


def test_elsewhere_it_is_gradient_times_activation():
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(100, 6),
        nn.ReLU(),
        nn.Linear(6, 3),
    )
    found = contributions(wrap(module), [BATCH], "1", 0, 2)
    maps = module[:2](BATCH).detach().requires_grad_(True)
    scores = module[2:](maps)
    (signal,) = torch.autograd.grad((scores[:, 0] - scores[:, 2]).sum(), maps)
    np.testing.assert_allclose(found.parts, (signal * maps).sum((2, 3)).detach(), atol=1e-5)


def test_a_later_operation_in_place_does_not_spoil_it():
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    batch = BATCH.clone()
    found = contributions(wrap(module), [batch], "0", 0, 1)
    before = module[0](BATCH)
    parts = (module[4].weight[0] - module[4].weight[1]) * before.clamp(min=0).mean((2, 3))
    np.testing.assert_allclose(found.parts, parts.detach(), atol=1e-5)
    assert torch.equal(batch, BATCH)
    assert not batch.requires_grad
