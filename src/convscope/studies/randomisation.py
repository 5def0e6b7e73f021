"""The sanity check: does a map still look the same when the network has forgotten what it learnt?

Cascading randomisation of Adebayo et al. 2018 (arXiv 1810.03292): from the last layer to the first,
weights are drawn anew, one layer after the other, and each map is compared with the original one.
A method whose maps survive shows the image or the architecture, not what was learnt.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from convscope.lenses.look import aim
from convscope.model.model import Model
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class Survival:
    """Similarity of a map to the original once everything down to ``module`` has been drawn anew.

    ``similarity`` is Spearman's rank correlation of absolute values, one number a seed; 1 is unchanged.
    """

    module: str
    similarity: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.similarity))

    @property
    def sentence(self) -> str:
        """The mean and its spread over the seeds."""
        return (
            f"Randomisation: rank correlation {self.mean:.3f} ± {np.std(self.similarity):.3f} with the map of the same "
            f"network with random weights down to {self.module} ({len(self.similarity)} seeds); 1 would show the image "
            "or the architecture, not what was learnt."
        )


def randomisation(
    model: Model, unit: Unit, image: Any, lens: Any, *, seeds: int = 3, cascading: bool = True
) -> list[Survival]:
    """Cascading randomisation of the layers at and below ``unit``, the last one first, under any lens.

    Without ``cascading`` only the last step is looked at, with all of them random. The model given is copied,
    never changed. Raises what the lens raises.

    >>> for step in randomisation(model, cs.Unit("relu3", 5), photo, cs.Deconvnet()):  # doctest: +SKIP
    ...     print(step.module, step.mean)
    """
    position = unit if image is None else aim(model, unit, image).unit
    original = lens(model, position, image).array
    modules = below(model, unit)
    looked_at = modules if cascading else modules[-1:]
    found: dict[str, list[float]] = {name: [] for name in looked_at}
    for seed in range(seeds):
        twin = _copy(model)
        generator = torch.Generator().manual_seed(seed)
        for name in modules:
            draw_anew(twin.module.get_submodule(name), generator)
            if name in found:
                found[name].append(similarity(original, lens(twin, position, image).array))
    return [Survival(name, tuple(values)) for name, values in found.items()]


def below(model: Model, unit: Unit) -> list[str]:
    """Modules with weights at or below the unit's layer, the last one first."""
    layer = model.check(unit)
    calls = [call for call in model.record.calls[: layer.index + 1] if call.weights]
    names = [weight.rpartition(".")[0] for call in calls for weight in call.weights]
    return list(dict.fromkeys(reversed(names)))


def draw_anew(module: nn.Module, generator: torch.Generator) -> None:
    """Replace each weight by normal noise of its own mean and spread, so that only the order is forgotten."""
    with torch.no_grad():
        for weight in module.parameters(recurse=False):
            noise = torch.randn(weight.shape, generator=generator).to(weight)
            spread = weight.std() if weight.numel() > 1 else weight.abs().mean()
            weight.copy_(weight.mean() + noise * spread)


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of absolute values; 0 where one of them is constant."""
    one, other = (_ranks(np.abs(array).ravel()) for array in (first, second))
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, equal values sharing the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count + 1) / 2)[place]


def _copy(model: Model) -> Model:
    return Model(
        copy.deepcopy(model.module), fit=model.fit, mean=model.mean, std=model.std,
        name=f"{model.name}, randomised", choose=model.choose,
    )  # fmt: skip
