"""Backward rules written out: rectifiers replaced by functions whose backward is the textbook's line."""

import copy

import torch
from torch import Tensor, nn


class DeconvnetReLU(torch.autograd.Function):
    """g · [g > 0] (Zeiler & Fergus 2013)."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g: Tensor) -> Tensor:
        return g * (g > 0)


class GuidedReLU(torch.autograd.Function):
    """g · [x > 0] · [g > 0] (Springenberg et al. 2014)."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return g * (x > 0) * (g > 0)


class Rectifier(nn.Module):
    def __init__(self, function: type[torch.autograd.Function]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function.apply(x)


FUNCTIONS = {"deconvnet": DeconvnetReLU, "guided": GuidedReLU}


def replaced(module: nn.Module, rule: str) -> nn.Module:
    """A copy in which every ``nn.ReLU`` module obeys the rule; the gradient's copy is left as it is."""
    twin = copy.deepcopy(module).eval()
    if rule == "gradient":
        return twin
    for name, part in list(twin.named_modules()):
        if isinstance(part, nn.ReLU):
            parent = twin.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], Rectifier(FUNCTIONS[rule]))
    return twin


def literal_map(
    module: nn.Module, batch: Tensor, layer: str, channel: int, y: int, x: int, rule: str
) -> Tensor:
    """The map of a unit of a module's last call, whole image, whole network: ``[1, C, H, W]``."""
    twin = replaced(module, rule)
    seen: list[Tensor] = []
    twin.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.append(output.clone()))
    pixels = batch.clone().requires_grad_(True)
    twin(pixels)
    (signal,) = torch.autograd.grad(seen[-1][0, channel, y, x], pixels)
    return signal
