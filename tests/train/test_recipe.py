"""Presets are tables, what is asked wins, and optimisers are those of the papers."""

from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from convscope.errors import BadSpec
from convscope.images import open_images
from convscope.train import presets
from convscope.train.course import start_course
from convscope.train.finetune import SHARE
from convscope.train.loop import train
from convscope.train.optimizer import make_optimizer, optimizer_tensors, restore_optimizer, set_rate
from convscope.train.paper import paper_notes
from convscope.train.plan import plan
from convscope.train.presets import fill, settled
from convscope.train.recipe import Preset, Recipe
from convscope.train.schedule import learning_rate


def literal_sgd(weight, gradients, rates, decay, momentum):
    """Sutskever et al. 2013 as torch's documentation writes it, in numpy."""
    velocity = np.zeros_like(weight)
    for gradient, rate in zip(gradients, rates, strict=True):
        gradient = gradient + decay * weight
        velocity = momentum * velocity + gradient
        weight = weight - rate * (gradient + momentum * velocity)
    return weight


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_the_textbooks(momentum):
    net = nn.Linear(3, 2).double()
    recipe = Recipe(optimizer="sgd", momentum=momentum, weight_decay=0.1, lr=0.5, schedule="step")
    weight, bias = net.weight.detach().numpy().copy(), net.bias.detach().numpy().copy()
    gradients = np.random.default_rng(0).normal(size=(4, 2, 3))
    optimizer = make_optimizer(net, recipe)
    for step, gradient in enumerate(gradients):
        net.weight.grad, net.bias.grad = torch.tensor(gradient), torch.tensor(gradient[:, 0])
        set_rate(optimizer, recipe, step, 4)
        optimizer.step()
    rates = [0.5, 0.5, 0.05, 0.005]
    expected = literal_sgd(weight, gradients, rates, 0.1, momentum)
    np.testing.assert_allclose(net.weight.detach().numpy(), expected)
    undecayed = literal_sgd(bias, gradients[:, :, 0], rates, 0.0, momentum)
    np.testing.assert_allclose(net.bias.detach().numpy(), undecayed)


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_a_restored_optimiser_goes_on_to_the_bit(kind):
    recipe = Recipe(optimizer=kind, momentum=0.9, weight_decay=0.1, lr=0.1, schedule="constant")
    nets = [nn.Conv2d(4, 6, 3).to(memory_format=torch.channels_last) for _ in range(2)]
    optimizers = [make_optimizer(net, recipe) for net in nets]

    def step(net, optimizer, seed):
        batch = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        net(batch).square().mean().backward()
        set_rate(optimizer, recipe, 0, 1)
        optimizer.step()

    step(nets[0], optimizers[0], 1)
    nets[1].load_state_dict(nets[0].state_dict())
    saved = {name: tensor.clone().contiguous() for name, tensor in optimizer_tensors(optimizers[0]).items()}
    restore_optimizer(optimizers[1], saved)
    for net, optimizer in zip(nets, optimizers, strict=True):
        step(net, optimizer, 2)
    assert torch.equal(nets[0].weight, nets[1].weight)


def test_schedules_begin_and_end_where_they_should():
    rates = {
        name: [learning_rate(name, step, 100, 1.0) for step in range(100)]
        for name in ("one-cycle", "constant", "step")
    }
    assert rates["one-cycle"].index(max(rates["one-cycle"])) == 25
    assert rates["one-cycle"][-1] < 0.001
    assert set(rates["constant"]) == {1.0}
    assert [rates["step"].count(rate) for rate in (1.0, 0.1, 0.01)] == [50, 25, 25]


def test_what_is_asked_wins_over_the_preset():
    asked = settled(Recipe(preset="best", optimizer="sgd", smoothing=0.0), 100)
    assert (asked.optimizer, asked.smoothing, asked.lr) == ("sgd", 0.0, 0.05)
    assert fill(Recipe(shuffle=False), {"shuffle": True}).shuffle is False


@pytest.mark.parametrize(("kind", "rate", "decay"), [("adamw", 3e-4, 0.05), ("sgd", 5e-3, 5e-5)])
def test_trained_weights_learn_at_a_tenth_whatever_the_optimiser(kind, rate, decay):
    chosen = settled(Recipe(optimizer=kind), 500, SHARE)
    assert (chosen.lr, chosen.weight_decay) == (pytest.approx(rate), pytest.approx(decay))


def test_the_books_shifted_copies_are_missed_in_words():
    said = [paper_notes(Recipe(preset="paper", net=net)) for net in ("nielsen2", "nielsen8")]
    assert [len(notes) for notes in said] == [0, 1]
    assert said[1][0].endswith("here it is on the images alone.")


def test_better_presets_train_longer(planted):
    epochs = [plan(planted(), 40, Recipe(preset=name)).recipe.epochs for name in ("fast", "balanced", "best")]
    assert epochs == sorted(set(epochs))


def test_the_best_preset_trains_a_deeper_network_unless_one_is_asked_for(planted):
    nets = [
        plan(planted(side=28), 40, Recipe(preset=preset, net=net)).recipe.net
        for preset, net in (("balanced", None), ("best", None), ("best", "8c3 fc16"))
    ]
    assert [net.count("c3bn") for net in nets] == [2, 4, 0]
    assert nets[2] == "8c3 fc16"


@pytest.mark.parametrize(
    ("asked", "hole"),
    [
        ({"preset": "best"}, 0.35),
        ({}, 0.0),
        ({"augment": "strong"}, 0.35),
        ({"preset": "best", "hole": 0.0}, 0.0),
    ],
)
def test_a_square_is_covered_where_it_is_asked_for_and_the_note_says_so(planted, asked, hole):
    chosen = plan(planted(side=28), 40, Recipe(**asked))
    assert (chosen.recipe.hole, chosen.recipe.mix) == (hole, "none")
    assert any("--hole 0.35" in note for note in chosen.notes) is bool(hole)


@pytest.mark.parametrize(
    ("preset", "asked", "judges"), [("balanced", None, 10), ("best", None, 6), ("best", 0.4, 20)]
)
def test_the_best_preset_trains_on_what_it_needs_not_to_judge(
    planted, tmp_path, monkeypatch, preset, asked, judges
):
    monkeypatch.setattr(presets, "JUDGES", 6)
    course = start_course(planted(50), "planted", Recipe(preset=preset, val=asked, out=str(tmp_path)))
    assert (len(course.val), len(course.train)) == (judges, 50 - judges)
    assert course.recipe.val == pytest.approx(judges / 50)


@pytest.mark.parametrize("preset", get_args(Preset))
@pytest.mark.parametrize("images", [10, 60_000, 1_281_167, 14_197_122])
def test_what_a_preset_holds_out_of_any_number_of_images_is_a_share_that_may_be_asked_for(preset, images):
    share = presets.held_out(Recipe(preset=preset), images)
    assert Recipe(preset=preset, val=share).val == share
    assert preset != "best" or round(share * images) <= presets.JUDGES


def test_the_paper_preset_is_nielsens_course():
    """Chapter 6: rate 0.03, mini-batches of 10, lambda 0.1, divided by the number of mini-batches."""
    recipe = settled(Recipe(preset="paper", net="nielsen4"), 50_000)
    assert (recipe.optimizer, recipe.lr, recipe.batch, recipe.momentum) == ("sgd", 0.03, 10, 0.0)
    assert recipe.weight_decay == pytest.approx(0.1 / 5_000)
    assert (recipe.schedule, recipe.shuffle, recipe.standardise) == ("constant", False, False)


def test_the_paper_preset_trains_with_raw_pixels_in_one_order(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 28, 28), dtype=np.uint8)
    images = open_images(pixels, labels=np.arange(40) % 10, classes=tuple("0123456789"))
    model = train(
        images, preset="paper", net="nielsen1", epochs=1, out=str(tmp_path), name="digits", threads=1
    )
    assert (model.mean, model.std) == ((0.0,), (1.0,))


@pytest.mark.parametrize("net", ["resnet18", "nielsen9", None])
def test_the_paper_preset_names_the_networks_it_knows(net):
    with pytest.raises(
        BadSpec, match=r"preset is 'paper', which does not know how .* choose a net of nielsen1"
    ):
        settled(Recipe(preset="paper", net=net), 10)


@pytest.mark.parametrize("name", ["preset", "optimizer", "schedule"])
def test_a_choice_names_its_choices(name):
    with pytest.raises(BadSpec, match=rf"{name} is 'odd': choose "):
        Recipe(**{name: "odd"})
