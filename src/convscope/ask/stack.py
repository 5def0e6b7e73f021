"""One picture through every layer: maps of the strongest channels, and what the main lenses see."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from convscope.ask.answer import check_model, question
from convscope.atlas import layout
from convscope.atlas.picture import Picture, find_picture, keep_upload
from convscope.atlas.read import Atlas
from convscope.atlas.stack import Answer, Stack, StackLayer, read_stack, write_stack
from convscope.atlas.write import write_map, write_picture
from convscope.errors import BadAtlas, BadSpec, Unanswerable
from convscope.plain.render import unsigned
from convscope.plain.unit import Unit
from convscope.plain.wish import Tell

TOP = 8  # channels shown of each layer
LIKELIEST = 5
DEEP = 0.8  # the first projection is of the last layer whose field is smaller than this share of the image
STEPS = ("activation maps", "projection", "Grad-CAM", "occlusion")


def quiet(done: int, total: int, words: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A model in front of one picture of an atlas."""

    atlas: Atlas
    model: Any
    picture: Picture

    def __post_init__(self) -> None:
        check_model(self.atlas, self.model)

    @cached_property
    def pixels(self) -> np.ndarray:
        """What the network is shown, uint8 ``[H, W, C]``."""
        return self.picture.pixels()

    @cached_property
    def fitted(self) -> Any:
        """The same network for pictures that are fitted already."""
        from convscope.model.model import Model

        model = self.model
        as_it_is = replace(model.fit, how="stretch", resize=None)
        return Model(
            model.module, fit=as_it_is, mean=model.mean, std=model.std, classes=model.classes,
            name=model.name, choose=model.choose, calibration=model.calibration,
        )  # fmt: skip

    def see(self, unit: Unit, lens: Any) -> Answer:
        """Look through a lens and remember it, or remember that it was looked; raises what the lens raises."""
        from convscope.lenses.look import placed

        asked = question(self.atlas.manifest["model"]["id"], unit, lens, self.picture.id)
        if not layout.map_file(self.picture.memory, asked.key).is_file():
            seen = lens(self.fitted, unit, self.pixels)
            box, reason = placed(self.atlas.fit, seen.input_box, self.picture.height, self.picture.width)
            words = seen.caption if seen.box is None else seen.caption + reason  # said once
            write_map(self.picture.memory, asked, replace(seen, box=box, caption=words))
        return Answer(lens.name, str(unit), asked.key)


def stack(scene: Scene, tell: Tell = quiet) -> Stack:
    """The stack of a picture: made and kept, or, where it is there, as it is.

    Raises BadAtlas where the atlas is of another model or holds no photograph.
    """
    known = read_stack(scene.atlas, scene.picture)
    if known is not None:
        return known
    tell(0, len(STEPS), STEPS[0])
    maps, likeliest = _outputs(scene)
    layers, levels = zip(*(_strongest(scene.atlas, name, array) for name, array in maps.items()), strict=True)
    answers, notes = [], []
    for step, (unit, lens) in enumerate(_wanted(scene, layers, likeliest), 1):
        tell(step, len(STEPS), STEPS[step])
        try:
            answers.append(scene.see(unit, lens))
        except (Unanswerable, BadSpec) as error:
            notes.append(str(error))
    made = Stack(likeliest, layers, tuple(answers), tuple(notes))
    write_stack(scene.picture, made, levels)
    return made


def _outputs(scene: Scene) -> tuple[dict[str, np.ndarray], tuple[tuple[int, float], ...]]:
    """Every surveyed layer's maps ``[C, H, W]``, and the likeliest classes with their probabilities; of one output none."""
    import torch

    from convscope.model.measure import outputs
    from convscope.model.model import class_scores

    model = scene.fitted
    found = outputs(model, model.preprocess(scene.pixels)[None], {*scene.atlas.layers, model.output})
    shares = model.shares(class_scores(torch.from_numpy(found[model.output])))[0]
    best = shares.sort(descending=True, stable=True).indices[:LIKELIEST].tolist() if len(shares) > 1 else []
    maps = {name: found[name][0].reshape(layer.shape) for name, layer in scene.atlas.layers.items()}
    return maps, tuple((place, float(shares[place])) for place in best)


def _strongest(atlas: Atlas, name: str, maps: np.ndarray) -> tuple[StackLayer, np.ndarray]:
    """The channels that answer most strongly for their own custom, and their maps as grey levels."""
    numbers = atlas.numbers(name)
    custom = np.where(numbers["p999"] > 0, numbers["p999"], numbers["maximum"])
    peaks = maps.max(axis=(1, 2))
    share = np.where(custom > 0, peaks / np.where(custom > 0, custom, 1), 0)
    chosen = np.argsort(-share, kind="stable")[:TOP]
    tops = np.maximum(custom, peaks)[chosen]  # nothing is cut off, and what is usual is as bright as usual
    levels = np.stack([unsigned(maps[channel], top) for channel, top in zip(chosen, tops, strict=True)])
    layer = StackLayer(name, *(tuple(part.tolist()) for part in (chosen, tops, peaks[chosen])))
    return layer, levels


def _wanted(
    scene: Scene, layers: tuple[StackLayer, ...], likeliest: tuple[tuple[int, float], ...]
) -> list[tuple[Unit, Any]]:
    """What every stack holds: a projection from a deep layer, and two ways to ask where the class was seen."""
    from convscope.lenses.deconvnet import Deconvnet
    from convscope.lenses.gradcam import GradCAM

    deep = _deep(scene.atlas, layers)
    named = Unit(scene.model.output, likeliest[0][0] if likeliest else 0)
    covered = (named, occlusion(scene.model))
    return [(Unit(deep.name, deep.channels[0]), Deconvnet()), (named, GradCAM()), covered]


def occlusion(model: Any) -> Any:
    """The lens that asks how far the probability of a class falls; of one output, which has none, the output itself."""
    from convscope.lenses.occlusion import Occlusion

    return Occlusion(measure="probability" if len(model.classes) > 1 else "activation")


def _deep(atlas: Atlas, layers: tuple[StackLayer, ...]) -> StackLayer:
    side = min(atlas.fit.height, atlas.fit.width)
    spatial = [each for each in layers if np.prod(atlas.layers[each.name].shape[1:]) > 1]
    deep = [each for each in spatial if max(atlas.layers[each.name].field.size) < DEEP * side]
    return (deep or spatial or list(layers))[-1]


def take_in(atlas: Atlas, words: str) -> Picture:
    """The picture that a row, an id or a file names; a file is kept with the atlas. Raises UnknownName, BadImages."""
    from convscope.ask.look import read_image

    if words in atlas.images.ids:
        return find_picture(atlas, str(atlas.images.row(words)))
    return keep_upload(atlas, read_image(words)) if Path(words).is_file() else find_picture(atlas, words)


def with_photo(atlas: Atlas, picture: Picture, images: Any) -> Picture:
    """The same picture, its photograph taken from ``images`` where the atlas holds none; raises BadAtlas."""
    if picture.photo.is_file():
        return picture
    if images is None or picture.id not in images.ids:
        raise BadAtlas(
            f"the atlas holds no photograph of image {picture.key}: give the images it was made from with --data"
        )
    place = images.ids.index(picture.id)
    write_picture(picture.photo, atlas.fit.apply(images[place]))
    return picture
