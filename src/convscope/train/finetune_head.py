"""Where a network ends in its classifier, so that a new one can be put there and trained alone."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from convscope.nets.architecture import Architecture, create


@dataclass(frozen=True, eq=False)
class Head:
    """The classifier and what a network does after it; together the end of every forward pass."""

    layer: nn.Module
    after: nn.Module

    def scores(self, features: Tensor) -> Tensor:
        """What the whole network answers where ``features`` reach the classifier, ``[N, classes]``."""
        return self.after(self.layer(features)).flatten(1)


def classifier(architecture: Architecture) -> tuple[str, ...]:
    """Names of the tensors whose size is the number of classes.

    >>> classifier({"kind": "spec", "spec": "4c3 p2", "classes": 9, "channels": 1, "height": 8, "width": 8})
    ('logits.weight', 'logits.bias')
    """
    with torch.device("meta"):  # shapes are enough
        two, three = (create(architecture | {"classes": count}).state_dict() for count in (2, 3))
    return tuple(name for name in two if two[name].shape != three[name].shape)


def find_head(net: nn.Module, names: tuple[str, ...], example: Tensor) -> Head | None:
    """The layer that owns the tensors of these names; None where it does not simply end the network.

    Whether it does is tried on an ``example`` batch ``[N, C, H, W]``; the network is left in evaluation mode.
    """
    owners = {name.rpartition(".")[0] for name in names}
    if len(owners) != 1:
        return None
    parent, _, own = owners.pop().rpartition(".")
    around = net.get_submodule(parent)
    layers = dict(around.named_children())
    after = list(layers)[list(layers).index(own) + 1 :] if isinstance(around, nn.Sequential) else []
    head = Head(layers[own], nn.Sequential(*(layers[name] for name in after)))
    whole, features = reaching(net.eval(), head.layer, example)
    with torch.no_grad():
        return head if len(features) == 1 and _equal(head.scores(features[0]), whole) else None


def reaching(net: nn.Module, layer: nn.Module, batch: Tensor) -> tuple[Tensor, list[Tensor]]:
    """(the network's answer, what each call of a layer in it was given), without gradients."""
    given: list[Tensor] = []
    watch = layer.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0].clone()))
    try:
        with torch.no_grad():
            return net(batch), given
    finally:
        watch.remove()


def _equal(scores: Tensor, whole: Tensor) -> bool:
    return scores.shape == whole.shape and torch.allclose(scores, whole, rtol=1e-4, atol=1e-5)
