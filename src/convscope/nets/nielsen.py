"""Nielsen's networks for handwritten digits, and how he trained them.

Michael Nielsen, "Neural Networks and Deep Learning", 2015, chapter 6 (network3.py). Numbered as the text
tells its story; where it tries several widths, a letter follows, and the bare number is the best of them.
"""

from dataclasses import dataclass
from math import sqrt

from torch import nn

from convscope.nets.build import build
from convscope.nets.net import Net
from convscope.nets.vote import Vote

BOOK = "Nielsen 2015, chapter 6"
ONE, TWO = "20c5:valid p2", "20c5:valid p2 40c5:valid p2"


@dataclass(frozen=True)
class Course:
    """How one network was trained: plain SGD in mini-batches of 10, without momentum, always in the same order.

    ``decay`` is his lambda. He divides it by the number of mini-batches, not of images, so that 0.1 acts as
    a weight decay of 2e-5 on 50,000 images and of 4e-6 on 250,000. ``expanded`` training data are the
    images and their four shifts by one pixel, the row or column that wraps around set to zero, shuffled
    once. ``accuracy`` is his, in per cent of the test images, at the epoch of the best validation accuracy.
    """

    rate: float
    decay: float
    epochs: int
    expanded: bool
    accuracy: float


BATCH = 10
COURSES = {
    "nielsen1": Course(0.1, 0.0, 60, False, 97.80),
    "nielsen2": Course(0.1, 0.0, 60, False, 98.78),
    "nielsen3": Course(0.1, 0.0, 60, False, 99.06),
    "nielsen4": Course(0.03, 0.1, 60, False, 99.23),
    "nielsen5": Course(0.03, 0.1, 60, True, 99.37),
    "nielsen6a": Course(0.03, 0.1, 60, True, 99.46),
    "nielsen6b": Course(0.03, 0.1, 60, True, 99.43),
    "nielsen7a": Course(0.03, 0.1, 60, True, 99.43),
    "nielsen7b": Course(0.03, 0.1, 60, True, 99.48),
    "nielsen7c": Course(0.03, 0.1, 60, True, 99.47),
    "nielsen8": Course(0.03, 0.0, 40, True, 99.60),
    "nielsen9": Course(0.03, 0.0, 40, True, 99.67),
}


def initialise(net: nn.Sequential, pool: int = 2) -> None:
    """Draw weights as network3.py does; the last layer, and its biases, start at zero.

    Convolutions: variance 1 / (maps * k^2 / pool^2). Fully connected layers: variance 1 / outputs, which he
    writes he meant to be 1 / inputs. Biases: variance 1.
    """
    layers = [layer for layer in net if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        outputs = layer.weight.shape[0] * layer.weight[0, 0].numel()
        outputs = outputs / pool**2 if isinstance(layer, nn.Conv2d) else layer.weight.shape[0]
        nn.init.normal_(layer.weight, std=1 / sqrt(outputs))
        if layer.bias is not None:
            nn.init.normal_(layer.bias)
    nn.init.zeros_(layers[-1].weight)
    if layers[-1].bias is not None:
        nn.init.zeros_(layers[-1].bias)


def net(*parts: str) -> Net:
    """The network of these parts, for digits of 28 x 28."""
    return Net(BOOK, (1, 28, 28), 10, " ".join(parts))


SIGMOID = TWO.replace(":", "-sigmoid:")
DROPOUT = f"{TWO} d0.5 fc1000 d0.5 fc1000 d0.5"


def five(classes: int, channels: int) -> Vote:
    """Five of the eighth network, which vote."""
    size = {"channels": channels, "height": 28, "width": 28}
    return Vote(build(DROPOUT, classes=classes, **size) for _ in range(5))


NETS = {
    "nielsen1": net("fc100-sigmoid"),
    "nielsen2": net(ONE.replace(":", "-sigmoid:"), "fc100-sigmoid"),
    "nielsen3": net(SIGMOID, "fc100-sigmoid"),
    "nielsen4": net(TWO, "fc100"),
    "nielsen5": net(TWO, "fc100"),
    "nielsen6a": net(TWO, "fc300"),
    "nielsen6b": net(TWO, "fc1000"),
    "nielsen6": net(TWO, "fc300"),
    "nielsen7a": net(TWO, "fc100 fc100"),
    "nielsen7b": net(TWO, "fc300 fc300"),
    "nielsen7c": net(TWO, "fc1000 fc1000"),
    "nielsen7": net(TWO, "fc300 fc300"),
    "nielsen8": net(DROPOUT),
    "nielsen9": Net(BOOK, (1, 28, 28), 10, make=five, rigid=True),
    "nielsen": net(TWO, "fc100"),
}
