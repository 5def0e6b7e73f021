"""Figure 5 of Zeiler & Fergus 2013 (arXiv 1311.2901): pictures moved, enlarged and turned, and how far features go.

The picture is what the network reads, after preprocessing; bilinear where a step falls between pixels; what comes
in from outside is zero, which is the mean colour. The paper does not say what fills its edges.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import affine

from convscope.model.layer import Layer
from convscope.model.model import Model, class_scores
from convscope.model.reading import read
from convscope.plain.moves import KINDS, Kind, Moved, Moves, steps

AT_ONCE = 16  # moved pictures in a forward pass, beside the one that stays


def invariance(
    model: Model,
    pictures: Sequence[Any],
    classes: Sequence[int],
    rows: Sequence[int] = (),
    layers: Sequence[str] = (),
) -> Moves:
    """Move every picture by every step of every kind and compare layers with those of the picture still.

    ``classes`` are those watched, one a picture; ``rows`` name the pictures, otherwise their places do; ``layers`` are
    those of a survey by default, the class scores always among them. The model is not changed. Moved pictures go
    through the network some at a time, the picture still in every batch.

    >>> seen = invariance(model, [photo], [3])  # doctest: +SKIP
    >>> seen.moved["rotation"].distance["relu1"][0]  # doctest: +SKIP
    """
    names = [*dict.fromkeys([*(layers or model.surveyed), model.output])]
    moved = {}
    norms: dict[str, np.ndarray] = {}
    for kind, places in steps(model.fit.height).items():
        seen = [_measure(model, names, picture, kind, places) for picture in pictures]
        norms = {name: np.array([norm[name] for _, norm, _ in seen]) for name in names}
        distance = {name: np.stack([found[name] for found, _, _ in seen]) for name in names}
        shares = [share[:, one] for (_, _, share), one in zip(seen, classes, strict=True)]
        moved[kind] = Moved(kind, places, distance, np.stack(shares))
    return Moves(tuple(rows or range(len(pictures))), tuple(classes), norms, moved)


def move(picture: Tensor, kind: Kind, step: float) -> Tensor:
    """``[C, H, W]`` moved down by pixels, enlarged about its middle by a factor, or turned counter-clockwise by degrees.

    Zero comes in from outside; bilinear between pixels.
    """
    if step == KINDS[kind][1]:
        return picture.clone()
    return affine(
        picture, angle=-step if kind == "rotation" else 0.0, translate=[0, int(step) if kind == "translation" else 0],
        scale=step if kind == "scale" else 1.0, shear=[0.0], interpolation=InterpolationMode.BILINEAR,
    )  # without fill=, which would weigh the edge twice  # fmt: skip


def _measure(
    model: Model, names: list[str], picture: Any, kind: Kind, places: tuple[float, ...]
) -> tuple[dict[str, np.ndarray], dict[str, float], np.ndarray]:
    """Distance at every step and norm by layer, and shares ``[steps, classes]``, of one picture."""
    still = model.preprocess(picture)
    distance: dict[str, list[Tensor]] = {name: [] for name in names}
    norm: dict[str, float] = {}
    shares: list[Tensor] = []

    def reader(layer: Layer) -> Callable[[Tensor], None]:
        def look(output: Tensor) -> None:
            flat = output.flatten(1).double()
            norm[layer.name] = float(flat[0].norm())
            distance[layer.name].append((flat[1:] - flat[:1]).norm(dim=1).cpu())
            if layer.name == model.output:
                shares.append(model.shares(class_scores(output))[1:].double().cpu())

        return look

    for start in range(0, len(places), AT_ONCE):
        some = [move(still, kind, place) for place in places[start : start + AT_ONCE]]
        batch = torch.stack([still, *some]).to(model.device)
        read(model, batch, {name: reader(model.layer(name)) for name in names})
    found = {name: torch.cat(parts).numpy() for name, parts in distance.items()}
    return found, norm, torch.cat(shares).numpy()
