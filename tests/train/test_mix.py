"""Pictures mixed two by two: their pixels, their targets, and that a stopped run mixes the same ones again."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from convscope.errors import Interrupted
from convscope.nets.open import open_model
from convscope.train.augment import Augmentation
from convscope.train.batches import batches
from convscope.train.course import start_course
from convscope.train.loop import first_state, train
from convscope.train.mix import CUTMIX, mixture, pasted
from convscope.train.pixels import Pixels
from convscope.train.recipe import Recipe
from convscope.train.step import gradients


@pytest.fixture
def six():
    values = torch.randint(0, 256, (6, 3, 8, 10), dtype=torch.uint8)
    return Pixels(values, torch.tensor([0, 1, 2, 0, 1, 2]))


def mixed(six, mix):
    """The one batch of an epoch in order, and its mixture."""
    mixture_of_all = mixture(mix, 3, 1, 6, (8, 10))
    (batch,) = batches(Recipe(shuffle=False), 1, six.labels.numpy(), None, 1, mixture_of_all)
    return batch, batch.mixed.mixture, batch.mixed.others.rows


def test_mixup_is_the_weighted_mean_of_two_pictures(six):
    batch, how, others = mixed(six, "mixup")
    for row, other, share, shown in zip(batch.rows, others, how.share, batch.pixels(six), strict=True):
        expected = float(share) * six.values[row].double() + (1 - float(share)) * six.values[other].double()
        torch.testing.assert_close(shown, expected.float())
    assert sorted(others) == list(range(6))
    assert not torch.equal(how.share, mixture("mixup", 3, 2, 6, (8, 10)).share)  # another epoch, other shares


def test_cutmix_is_a_slice_of_another_and_its_share_is_counted_in_pixels(six):
    batch, how, others = mixed(six, "cutmix")
    pasted_pixels = 0
    for place, (row, other) in enumerate(zip(batch.rows, others, strict=True)):
        top, left, bottom, right = how.boxes[place]
        expected = six.values[row].clone()
        expected[:, top:bottom, left:right] = six.values[other][:, top:bottom, left:right]
        assert torch.equal(batch.pixels(six)[place], expected.float())
        pasted_pixels += int((bottom - top) * (right - left))
        assert float(how.share[place]) == pytest.approx(1 - float((bottom - top) * (right - left)) / 80)
    assert 0 < pasted_pixels < 6 * 80


def test_a_box_has_the_sides_of_the_paper():
    """Yun et al. 2019, equation 2: sides of sqrt(1 - share) about a centre that may lie anywhere."""
    assert pasted(np.array([0.75, 0.0]), np.array([[0.5, 0.5], [0.0, 0.5]]), (8, 12)).tolist() == [
        [2, 3, 6, 9],
        [0, 0, 4, 12],
    ]
    assert CUTMIX == 1.0


def test_the_other_picture_keeps_its_own_change(six):
    changes = Augmentation(shift=0.5).changes(0, 0, 6, (8, 10))
    (batch,) = batches(Recipe(), 0, np.zeros(6), changes, 1, mixture("mixup", 0, 0, 6, (8, 10)))
    others = torch.from_numpy(batch.mixed.others.rows)
    assert torch.equal(batch.mixed.others.changes.affine, changes.affine[others])


@pytest.mark.parametrize("asked", [{"mix": "mixup"}, {"mix": "cutmix", "smoothing": 0.0}])
def test_the_loss_is_torchs_of_soft_targets(images, tmp_path, asked):
    recipe = Recipe(net="4c3 p2", out=str(tmp_path), batch=16, precision="float32", **asked)
    course = start_course(images, "planted", recipe)
    state, batch = first_state(course), course.batches(0)[0]
    loss, _ = gradients(course, state, [batch])
    found = [parameter.grad.clone() for parameter in state.net.parameters()]
    share = batch.mixed.mixture.share[:, None]
    own, other = (
        functional.one_hot(course.train.labels[rows], 2) for rows in (batch.rows, batch.mixed.others.rows)
    )
    soft = share * own + (1 - share) * other
    assert ((soft > 0.02) & (soft < 0.98)).any()
    state.net.zero_grad()
    scores = state.net(course.normalise(batch.pixels(course.train)))
    expected = functional.cross_entropy(scores, soft, label_smoothing=course.recipe.smoothing)
    expected.backward()
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    for gradient, parameter in zip(found, state.net.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


@pytest.mark.parametrize("mix", ["mixup", "cutmix"])
def test_a_mixed_run_resumes_to_the_bit(images, quick, tmp_path, stop_at, mix):
    asked = {"mix": mix, "hole": 0.3, "epochs": 2}
    whole = train(images, **quick | asked | {"name": "whole"})
    with pytest.raises(Interrupted):
        train(images, **quick | asked, on_progress=stop_at(2))
    assert train(images, **quick | asked, resume=True).id == whole.id
    assert train(images, **quick | asked | {"mix": "none", "name": "plain"}).id != whole.id
    assert f'"mix": "{mix}"' in (tmp_path / "runs/run/report.json").read_text()
    assert open_model(tmp_path / "runs/run").id == whole.id
