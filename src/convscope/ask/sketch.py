"""A network without its weights: enough for a summary, at once even where the weights are gigabytes."""

from pathlib import Path
from typing import Any

import torch

from convscope.errors import BadModel
from convscope.model.model import Model
from convscope.nets.open import open_model


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
