import numpy as np
import pytest
import torch
from small_networks import photo, pooled, wrap
from torch import nn

from convscope.errors import BadSpec
from convscope.lenses.integrated_gradients import IntegratedGradients
from convscope.model.filling import filling
from convscope.plain.unit import Unit


def literal(model, channel, start, steps):
    """Sundararajan et al., equation 3, one step after the other at the middles."""
    end = model.preprocess(photo())
    total = torch.zeros_like(end)
    for step in range(steps):
        point = (start + (step + 0.5) / steps * (end - start)).requires_grad_(True)
        (gradient,) = torch.autograd.grad(model.module(point[None])[0, channel], point)
        total += gradient / steps
    return (total * (end - start)).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("baseline", ["black", "blur", 0.8])
def test_equals_the_sum_written_out(baseline):
    model = pooled()
    start = filling(model, model.preprocess(photo()), baseline)
    seen = IntegratedGradients(baseline=baseline, steps=20)(model, Unit("head", 3), photo())
    np.testing.assert_allclose(seen.array, literal(model, 3, start, 20), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("rule", ["midpoint", "gauss"])
def test_adds_up_to_the_change_from_the_baseline(rule):
    model = pooled()
    black = filling(model, model.preprocess(photo()), "black")
    change = model.scores(torch.stack([model.preprocess(photo()), black]))[:, 1].diff().neg().item()
    seen = IntegratedGradients(steps=600, rule=rule)(model, Unit("head", 1), photo())
    assert seen.array.sum() == pytest.approx(change, rel=2e-3)
    assert f"of a change of {change:.4g}" in seen.caption
    assert seen.validity.label == "exact"


def test_gauss_is_exact_for_polynomials_where_midpoints_are_not():
    class Cube(nn.Module):
        def forward(self, x):
            return (x**3).sum((2, 3))

    model = wrap(Cube())
    exact = ((model.preprocess(photo()) ** 3) - (-0.8) ** 3).permute(1, 2, 0).numpy()[:, :, 0]
    gaps = [
        np.abs(IntegratedGradients(steps=2, rule=rule)(model, Unit("sum", 0), photo()).array[:, :, 0] - exact)
        for rule in ("gauss", "midpoint")
    ]
    assert gaps[0].max() < 1e-5 < 0.1 < gaps[1].max()


def test_too_few_steps_are_called_partial():
    seen = IntegratedGradients(steps=1)(pooled(seed=3), Unit("head", 0), photo())
    gap = float(seen.caption.split("gap ")[1].split(" of")[0]) / float(
        seen.caption.split("change of ")[1].split(")")[0]
    )
    assert abs(gap) > 0.05
    assert seen.validity.label == "partial"
    assert "take more steps" in seen.validity.sentence


def test_settings_are_checked():
    with pytest.raises(BadSpec, match="rule 'simpson': choose midpoint or gauss"):
        IntegratedGradients(rule="simpson")
    with pytest.raises(BadSpec, match="steps 0: choose 1 or more"):
        IntegratedGradients(steps=0)
