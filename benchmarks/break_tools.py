"""How each tool draws a class score or a hidden unit of a module: ``[C, H, W]`` and the label it bears."""

import copy
from typing import Any

import torch
from break_networks import SIDE, Small
from break_page import TOOLS
from captum.attr import Deconvolution, GuidedBackprop, NeuronDeconvolution, NeuronGuidedBackprop
from pytorch_grad_cam.guided_backprop import GuidedBackpropReLUModel
from torch import Tensor, nn
from torch.nn import functional
from zennit.composites import DeconvNet as ZennitDeconvNet
from zennit.composites import GuidedBackprop as ZennitGuided

import convscope as cs
from convscope.model.projection import project_crops

CLASS, TOLERANCE = 2, 1e-5


def image() -> Tensor:
    return torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(7))


def opened(module: nn.Module, side: int = SIDE) -> cs.Model:
    return cs.open_model(module, input_size=side, mean=0.0, std=1.0)


# Each tool draws the class score, or a hidden unit, of a module; what it returns is [C, H, W].

LENSES = {"deconvnet": cs.Deconvnet, "guided": cs.GuidedBackprop}
CAPTUM = {"deconvnet": Deconvolution, "guided": GuidedBackprop}
CAPTUM_HIDDEN = {"deconvnet": NeuronDeconvolution, "guided": NeuronGuidedBackprop}
ZENNIT = {"deconvnet": ZennitDeconvNet, "guided": ZennitGuided}


def by_convscope(module: nn.Module, pixels: Tensor, rule: str) -> tuple[Tensor, str]:
    model = opened(module, pixels.shape[-1])
    seen = cs.look(model, pixels, cs.Unit(model.output, CLASS), LENSES[rule]())
    return torch.from_numpy(seen.array).permute(2, 0, 1), seen.validity.label


def by_captum(module: nn.Module, pixels: Tensor, rule: str) -> tuple[Tensor, str]:
    return CAPTUM[rule](module).attribute(pixels[None].requires_grad_(True), target=CLASS)[0], ""


def by_zennit(module: nn.Module, pixels: Tensor, rule: str) -> tuple[Tensor, str]:
    entry = pixels[None].requires_grad_(True)
    with ZENNIT[rule]().context(module) as hooked:
        return torch.autograd.grad(hooked(entry)[0, CLASS], entry)[0][0], ""


def by_grad_cam(module: nn.Module, pixels: Tensor, rule: str) -> tuple[Tensor, str]:
    if rule == "deconvnet":
        raise NotImplementedError
    return torch.from_numpy(GuidedBackpropReLUModel(module)(pixels[None], CLASS)).permute(2, 0, 1), ""


DRAW = dict(zip(TOOLS, (by_convscope, by_captum, by_zennit, by_grad_cam), strict=True))


Place = tuple[int, int, int]


def hidden_by_convscope(module: Small, layer: str, place: Place, rule: Any, call: int) -> tuple[Tensor, str]:
    model = opened(module)
    channel, y, x = place
    seen = cs.look(model, image(), cs.Unit(layer, channel, (y, x)), LENSES[rule]())
    whole = torch.from_numpy(seen.array).permute(2, 0, 1)
    crop = project_crops(model, image()[None], layer, torch.tensor([channel]), torch.tensor([[y, x]]), rule)
    top, left = crop.corners[0].tolist()
    placed = functional.pad(crop.signal[0], (SIDE, SIDE, SIDE, SIDE))
    placed = placed[:, SIDE - top : 2 * SIDE - top, SIDE - left : 2 * SIDE - left]
    if distance(placed, whole) > TOLERANCE:
        raise AssertionError("the crop differs from the whole image")
    return whole, seen.validity.label


def hidden_by_captum(module: Small, layer: str, place: Place, rule: str, call: int) -> tuple[Tensor, str]:
    neuron = CAPTUM_HIDDEN[rule](twin := copy.deepcopy(module), twin.get_submodule(layer))
    return neuron.attribute(image()[None].requires_grad_(True), neuron_selector=place)[0], ""


def hidden_by_zennit(module: Small, layer: str, place: Place, rule: str, call: int) -> tuple[Tensor, str]:
    """With a hook of the user's own, which sees every call."""
    twin, seen, entry = copy.deepcopy(module), [], image()[None].requires_grad_(True)
    with ZENNIT[rule]().context(twin):
        twin.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.append(output))
        twin(entry)
        return torch.autograd.grad(seen[0][0][place], entry)[0][0], ""


def hidden_by_grad_cam(module: Small, layer: str, place: Place, rule: str, call: int) -> tuple[Tensor, str]:
    raise NotImplementedError


HIDDEN = dict(
    zip(TOOLS, (hidden_by_convscope, hidden_by_captum, hidden_by_zennit, hidden_by_grad_cam), strict=True)
)


def distance(found: Tensor, right: Tensor) -> float:
    return float((found.detach() - right.detach()).abs().max() / right.detach().abs().max().clamp(min=1e-30))
