"""The last maps of a network: what it has seen, just before it weighs all of it into class scores."""

from convscope.errors import Unanswerable
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.spine import spine


def last_maps(model: Model) -> Layer:
    """The last layer with positions that everything passes before the last weights, of those a survey looks at.

    In a network that ends in mean and linear layer it is what the mean is taken of; where the last weights are
    a convolution that makes one map a class, it is what that convolution reads. Raises Unanswerable.
    """
    backbone = [call for call in spine(model.record) if call.index <= model.layer(model.output).index]
    weighing = max((call.index for call in backbone if call.weights), default=0)
    passed = {call.index for call in backbone if call.index < weighing}
    maps = [
        layer for layer in model.layers.values() if layer.index in passed and layer.height * layer.width > 1
    ]
    known = [layer for layer in maps if layer.name in model.surveyed]
    if not maps:
        raise Unanswerable(
            f"{model.name} has no layer with positions that everything passes before its last weights: "
            "which channels decided cannot be told"
        )
    return (known or maps)[-1]
