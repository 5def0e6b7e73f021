"""ZFNet, the variants of its paper, and its cure for filters that dominate.

Zeiler & Fergus, "Visualizing and understanding convolutional networks", arXiv 1311.2901, figure 3 and
table 3. Its text gives kernels, strides, widths and some sizes but no padding: this one gives those sizes,
110-55-26-13-13-13-13-6.
"""

import torch
from torch import nn

from convscope.nets.net import Net

PAPER, ABLATIONS = "Zeiler & Fergus 2013", "Zeiler & Fergus 2013, table 3"
INPUT, CLASSES = (3, 224, 224), 1000
FIRST, MIDDLE, LAST = "96c7s2:1 p3s2:1 lrn 256c5s2:valid p3s2:1 lrn", "384c3 384c3", "256c3 p3s2"
WIDE = "512c3 1024c3 512c3 p3s2"
FULLY_CONNECTED = "fc4096 d0.5"  # layers 6 and 7
LARGEST_RMS = 0.1


def stack(*parts: str) -> Net:
    """The network of these parts."""
    return Net(ABLATIONS, INPUT, CLASSES, " ".join(parts))


def connected(width: int) -> str:
    """Layers 6 and 7 with another width."""
    return 2 * f"fc{width} d0.5 "


NETS = {
    "zfnet": Net(PAPER, INPUT, CLASSES, " ".join((FIRST, MIDDLE, LAST, *2 * (FULLY_CONNECTED,)))),
    "zfnet-fc2048": stack(FIRST, MIDDLE, LAST, connected(2048)),
    "zfnet-fc8192": stack(FIRST, MIDDLE, LAST, connected(8192)),
    "zfnet-wide": stack(FIRST, WIDE, *2 * (FULLY_CONNECTED,)),
    "zfnet-wide-fc8192": stack(FIRST, WIDE, connected(8192)),
    "zfnet-without-3-4": stack(FIRST, LAST, *2 * (FULLY_CONNECTED,)),
    "zfnet-without-7": stack(FIRST, MIDDLE, LAST, FULLY_CONNECTED),
    "zfnet-without-6-7": stack(FIRST, MIDDLE, LAST),
    "zfnet-without-3-4-6-7": stack(FIRST, LAST),
}


@torch.no_grad()
def clip_rms(net: nn.Module, largest: float = LARGEST_RMS) -> int:
    """Scale every convolution filter whose root mean square exceeds ``largest`` down to it; returns how many.

    To be called after each step of training (section 3: without it a few filters of the first layer
    dominate, for inputs within 128 of zero).

    >>> clip_rms(nn.Sequential(nn.Conv2d(1, 2, 3)), largest=0.0)
    2
    """
    clipped = 0
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            rms = layer.weight.square().mean((1, 2, 3), keepdim=True).sqrt()
            clipped += int((rms > largest).sum())
            layer.weight.mul_(torch.where(rms > largest, largest / rms, torch.ones_like(rms)))
    return clipped
