"""A network without its weights: enough for a summary, at once even where the weights are gigabytes."""

from pathlib import Path
from typing import Any

import torch

from convscope.errors import BadModel
from convscope.model.model import Model
from convscope.model.summary import Summary
from convscope.model.summary import summary as table
from convscope.nets.open import open_model


def summary(model: Any, **asked: Any) -> Summary:
    """Layers, shapes, receptive fields and costs of a ``Model`` or of anything ``open_model`` takes.

    ``asked`` are keywords of ``open_model``. A name needs no weights for it. Raises what ``open_model`` raises.

    >>> print(cs.summary("resnet18"))  # doctest: +SKIP
    """
    named = isinstance(model, str) and not asked.get("weights")
    return table(sketch(model, **asked) if named else open_model(model, **asked))


def sketch(net: str, **asked: Any) -> Model:
    """``open_model`` of a name or a spec with shapes in place of weights; anything else is opened as it is.

    Tensors lie on torch's meta device, so that nothing is drawn, stored or computed. A network that needs
    to read a number while it is built or run is opened in full. Raises what ``open_model`` raises.

    >>> sketch("4c3 p2", input_size=8, classes=2).device.type
    'meta'
    """
    if ".py:" in net or "/" in net or Path(net).exists():
        return open_model(net, **asked)
    try:
        with torch.device("meta"):
            model = open_model(net, **asked)
            _ = model.record  # buffers made in the forward pass lie there too
    except (NotImplementedError, RuntimeError, BadModel):
        return open_model(net, **asked)
    return model
