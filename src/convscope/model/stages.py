"""A network in a dozen steps, as a textbook draws it: one stage for each map or vector worth showing.

Only calls of the spine are shown, so that one stage leads to the next. Where they are too many they
are folded by module, from the innermost to the outermost, as long as no size of map is lost; else by size.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from convscope.model.layer import Layer
from convscope.model.layers import find_chains
from convscope.model.model import Model
from convscope.model.operations import MAX_POOLS
from convscope.model.spine import between, spine
from convscope.model.stage_words import Passage, words_of
from convscope.model.tape import INPUT, Call

MOST_MAPS, MOST_VECTORS = 9, 4
POOLING = MAX_POOLS | {"avg_pool2d", "adaptive_avg_pool2d", "lp_pool2d", "mean", "amax", "sum"}
FLATTENING = {"flatten", "view", "reshape"}
Groups = list[list[Call]]


@dataclass(frozen=True)
class Stage:
    """One picture of the figure and all that leads to it.

    ``layer`` is the call whose output is shown, ``steps`` say what was done since the stage before, one
    line each; ``folded`` says what was left out between them, empty where nothing was.
    """

    layer: Layer
    name: str
    steps: tuple[str, ...]
    folded: str = ""

    @property
    def is_vector(self) -> bool:
        return is_vector(self.layer)


def is_vector(layer: Layer) -> bool:
    return layer.height * layer.width == 1


def stages(model: Model, most: int = MOST_MAPS) -> tuple[Stage, ...]:
    """The stages of a model in running order, at most ``most`` of them maps.

    >>> [stage.name for stage in stages(cs.open_model("resnet18"))]  # doctest: +SKIP
    ['conv1', 'maxpool', 'layer1', 'layer2', 'layer3', 'layer4', 'avgpool', 'fc']
    """
    calls = shown(model)
    maps = [call for call in calls if not is_vector(model.layers[call.name])]
    vectors = [[call] for call in calls if is_vector(model.layers[call.name])]
    if len(vectors) > MOST_VECTORS:  # the words of the last one name those between
        vectors = [*vectors[: MOST_VECTORS - 1], vectors[-1]]
    groups, depth = fold(model, maps, most)
    return tuple(_described(model, [*groups, *vectors], depth))


def shown(model: Model) -> list[Call]:
    """Calls of the spine that are worth a picture: ends of chains, pooling, flattening, and the scores."""
    ends = find_chains(model.record)
    found: list[Call] = []
    for call in spine(model.record):
        layer = model.layers.get(call.name)
        before = model.layers[found[-1].name].shape if found else ()
        if layer is not None and (call.index in ends or _reshapes(call, layer, before)):
            found.append(call)
        if call.name == model.output:
            break
    return found


def _reshapes(call: Call, layer: Layer, before: tuple[int, ...]) -> bool:
    """Whether pooling or flattening changed the size; adaptive pooling often finds the size it wants."""
    pools = call.operation in POOLING and layer.shape[1:] != before[1:]
    flattens = call.operation in FLATTENING and len(layer.shape) == 1 and layer.shape[0] not in before[:1]
    return pools or flattens


def fold(model: Model, calls: list[Call], most: int) -> tuple[Groups, int]:
    """Neighbouring calls in at most ``most`` groups, and the depth of the modules they were folded by.

    Each call alone where they are few; else the innermost modules that are few enough and keep every
    size; else all modules of one size together, within one outermost module if that suffices.
    """
    alone = [[call] for call in calls]
    deepest = max((call.module.count(".") + 1 for call in calls), default=0)
    if len(calls) <= most:
        return alone, deepest
    sizes = len(_runs(alone, lambda call: model.layers[call.name].shape[1:]))
    by_module = {
        depth: _runs(alone, lambda call, d=depth: path_at(call, d)) for depth in range(1, deepest + 1)
    }
    for depth in range(deepest, 0, -1):
        if sizes <= len(by_module[depth]) <= most:
            return by_module[depth], depth
    depth = next(depth for depth in (*by_module, deepest) if len(by_module[depth]) >= min(sizes, most))
    for outermost in (1, 0):
        groups = _runs(
            by_module[depth],
            lambda call, d=outermost: (path_at(call, d), model.layers[call.name].shape[1:]),
        )
        if len(groups) <= most:
            return groups, depth
    return [calls[i * len(calls) // most : (i + 1) * len(calls) // most] for i in range(most)], depth


def path_at(call: Call, depth: int) -> str:
    """The first ``depth`` parts of the module that a call was made in."""
    return ".".join(call.module.split(".")[:depth])


def _runs(groups: Groups, key: Callable[[Call], Any]) -> Groups:
    """Neighbouring groups put together for as long as the key of their last calls stays the same."""
    return [[call for group in run for call in group] for _, run in groupby(groups, lambda g: key(g[-1]))]


def _described(model: Model, groups: Sequence[list[Call]], depth: int) -> Iterator[Stage]:
    """Every group as a stage, its words from all calls since the group before."""
    path, bones, before = between(model.record), spine(model.record), INPUT
    for group in groups:
        end = group[-1]
        inside = [call for call in path if before < call.index <= end.index]
        passage = Passage(tuple(group), tuple(inside), frozenset(call.index for call in bones), tuple(path))
        yield Stage(model.layers[end.name], passage.name(depth), words_of(passage), passage.folded(depth))
        before = end.index
