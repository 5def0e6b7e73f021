"""What turns gradients into new weights."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from convscope.train.recipe import Recipe
from convscope.train.schedule import learning_rate

NO_SHARES: Mapping[str, float] = MappingProxyType({})


def make_optimizer(
    net: nn.Module, recipe: Recipe, shares: Mapping[str, float] = NO_SHARES
) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101), or SGD with Nesterov's momentum.

    Biases and norms do not decay. AdamW's decay is decoupled from the gradient, SGD's is not.
    ``shares`` multiply the learning rate of
    the parameters of these names.
    """
    grouped: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        grouped.setdefault((parameter.ndim > 1, shares.get(name, 1.0)), []).append(parameter)
    groups = [
        {"params": members, "weight_decay": (recipe.weight_decay or 0.0) * decays, "share": share}
        for (decays, share), members in grouped.items()
    ]
    # fused: one pass over memory instead of ten
    if recipe.optimizer == "sgd":
        momentum = recipe.momentum or 0.0
        return torch.optim.SGD(groups, lr=0.0, momentum=momentum, nesterov=momentum > 0, fused=True)
    return torch.optim.AdamW(groups, lr=0.0, fused=True)


def set_rate(
    optimizer: torch.optim.Optimizer, recipe: Recipe, step: int, steps: int, factor: float = 1.0
) -> None:
    """Give every group its learning rate of this step, times ``factor``."""
    rate = factor * learning_rate(recipe.schedule or "constant", step, steps, recipe.lr or 0.0)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser remembers, under ``NUMBER.NAME``."""
    return {
        f"{number}.{name}": tensor
        for number, entry in optimizer.state_dict()["state"].items()
        for name, tensor in entry.items()
        if tensor is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """The inverse of ``optimizer_tensors``, for an optimiser made alike."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        slots.setdefault(int(number), {})[key] = _laid_out(tensor, parameters[int(number)])
    optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out(tensor: Tensor, parameter: Tensor) -> Tensor:
    # fused kernels walk memory in order: a moment must lie in memory as its weight does
    return torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor
