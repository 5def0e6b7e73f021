"""Under which lens a layer's projections are drawn: the deconvnet where switches say where, guided where none do.

The criterion and the match tests behind it are in docs/legibility.md.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS, MAX_POOLS, RECTIFIERS, SMOOTH
from convscope.model.tape import INPUT, ancestors
from convscope.survey.settings import LensName

ASKED = "asked for"
SWITCHES = "the map was last made smaller by a max-pool, whose switches say where each value came from"
NO_SWITCHES = (
    "the map was last made smaller by {}, which keeps no switches: a deconvnet map hardly says where"
)
NO_POOL = "no max-pool lies below: a deconvnet map would be the same for every image"
LINEAR = "no rectifier lies below: both lenses give the same map"


@dataclass(frozen=True)
class Choice:
    """The lens of a layer's projections and, in words, why it is that one."""

    name: Literal["deconvnet", "guided"]
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def choose_lens(model: Model, layer: Layer, asked: LensName) -> Choice:
    """The lens ``asked`` for or, of "auto", the one that the record of the forward pass calls for."""
    if asked != "auto":
        return Choice(asked, ASKED)
    calls = model.record.calls
    below = ancestors(calls, layer.index) - {INPUT}
    bends = {calls[call].operation for call in below - {layer.index}} & (RECTIFIERS | SMOOTH)
    if not bends:
        return Choice("deconvnet", LINEAR)
    if not any(calls[call].operation in MAX_POOLS for call in below):
        return Choice("guided", NO_POOL)
    last = _last_made_smaller_by(model, below)
    if last in MAX_POOLS:
        return Choice("deconvnet", SWITCHES)
    words = "a strided convolution" if last in CONVOLUTIONS else last
    return Choice("guided", NO_SWITCHES.format(words))


def _last_made_smaller_by(model: Model, below: set[int]) -> str:
    """The operation with which the stride last grew on the way to a layer."""
    stride, last = 1, ""
    for layer in model.layers.values():
        reached = max(layer.field.stride or (0,))
        if layer.index in below and reached > stride:
            stride, last = reached, layer.operation
    return last


def stride_of(model: Model, layer: Layer) -> float:
    """Pixels between the positions of a layer's map; where it has no grid, those of the last layer before it that has."""
    strides = [
        max(below.field.stride)
        for below in model.layers.values()
        if below.index <= layer.index and below.field.stride is not None and min(below.field.stride) > 0
    ]
    return float(strides[-1]) if strides else 1.0
