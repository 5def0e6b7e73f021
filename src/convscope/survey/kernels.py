"""Filters that look straight at pixels can be shown as they are."""

import numpy as np

from convscope.atlas.layout import KERNEL_GAP, KERNEL_TILE, SHEET_ACROSS
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS
from convscope.model.tape import Ref
from convscope.plain.render import ZERO, scale_tile, signed


def first_kernels(model: Model, layer: Layer) -> np.ndarray | None:
    """Weights ``[C, channels, h, w]`` of a layer whose convolution reads the pixels; None for any other."""
    root = model.record.calls[model.layer(layer.chain[0]).index]
    weight = root.arguments.get("weight")
    if root.operation not in CONVOLUTIONS or not isinstance(weight, Ref) or not weight.weight:
        return None
    if weight.shape[1] != model.fit.channels or layer.field.size != tuple(weight.shape[2:]):
        return None
    return model.module.get_parameter(weight.weight).detach().float().cpu().numpy()


def first_biases(model: Model, layer: Layer) -> np.ndarray:
    """What such a convolution adds to every channel, ``[C]``; zero where it has no bias."""
    root = model.record.calls[model.layer(layer.chain[0]).index]
    bias = root.arguments.get("bias")
    if not isinstance(bias, Ref) or not bias.weight:
        return np.zeros(layer.shape[0], dtype=np.float32)
    return model.module.get_parameter(bias.weight).detach().float().cpu().numpy()


def kernel_sheet(weights: np.ndarray) -> np.ndarray:
    """The filters as pictures, 8 a row, each scaled by itself, zero mid-grey."""
    rows = -(-len(weights) // SHEET_ACROSS)
    step = KERNEL_TILE + KERNEL_GAP
    sheet = np.full((rows * step - KERNEL_GAP, SHEET_ACROSS * step - KERNEL_GAP, 3), ZERO, dtype=np.uint8)
    for place, kernel in enumerate(weights):
        y, x = divmod(place, SHEET_ACROSS)
        tile = signed(scale_tile(kernel.transpose(1, 2, 0), KERNEL_TILE)).pixels
        sheet[y * step : y * step + KERNEL_TILE, x * step : x * step + KERNEL_TILE] = tile
    return sheet
