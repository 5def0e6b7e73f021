"""The same network before it learnt anything: what its atlas is compared with."""

import copy

import torch
from torch import nn

from convscope.model.model import Model
from convscope.nets.architecture import create


def untrained(model: Model, seed: int = 0) -> Model:
    """``model`` with fresh weights drawn by its own initialisation from ``seed``; the one given is not changed.

    A network that can be built again is; of any other, modules that know how to reset themselves do, and weights of
    no such module are drawn from a normal distribution of their own mean and spread.
    """
    module = _built(model, seed) if model.architecture else _reset(copy.deepcopy(model.module), seed)
    return Model(
        module, fit=model.fit, mean=model.mean, std=model.std, classes=model.classes,
        name=f"{model.name}, random weights", architecture=model.architecture, choose=model.choose,
        notes=(*model.notes, f"a control: its weights were drawn anew (seed {seed}), it has learnt nothing"),
    )  # fmt: skip


def _built(model: Model, seed: int) -> nn.Module:
    return create(model.architecture or {}, seed=seed).to(model.device).eval()


def _reset(module: nn.Module, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for part in module.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
            else:
                _draw_anew(part)
    return module


def _draw_anew(part: nn.Module) -> None:
    for weight in part.parameters(recurse=False):
        spread = weight.std() if weight.numel() > 1 else weight.abs().mean()
        weight.copy_(weight.mean() + torch.randn(weight.shape).to(weight) * spread)
