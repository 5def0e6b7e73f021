"""How channels grew: their strongest patch and its projection at every epoch a run has kept, put into its atlas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from convscope.atlas import layout
from convscope.atlas.read import Atlas, open_atlas
from convscope.atlas.write import write_evolution, write_picture
from convscope.errors import BadModel

CHANNELS, IMAGES, TOGETHER = 6, 256, 64
COMPARED = 512  # images at most on which every channel is compared with itself at the end


def evolve(
    run: str | Path,
    *,
    channels: str = "",
    each: int = CHANNELS,
    images: int = IMAGES,
    data: str | None = None,
    on_progress: Any = None,
) -> Atlas:
    """Look at some channels of a run's atlas after every epoch of its series, over ``images`` of its images.

    ``channels`` as in ``conv1:0-7,conv2``; without it ``each`` of every layer, spread evenly over those that
    are not dead. The sample is spread evenly over the rows of the atlas. All channels of their layers are compared
    with themselves at the last epoch (``convscope.atlas.settling``). Raises BadModel where the run keeps
    no series, BadAtlas where there is no atlas of these weights and images, BadImages, BadSpec, UnknownName.

    >>> cs.evolve("runs/photos", channels="conv2:0-7")  # doctest: +SKIP
    """
    from convscope.survey.channels import read_channels

    job, epochs = _open(Path(run), data, on_progress)
    atlas, count = open_atlas(job.root), min(images, len(job.pixels.images))
    wanted = read_channels(channels, job.layers) or _spread(atlas, each)
    asked = {job.layers[place].name: numbers for place, numbers in wanted.items()}
    rows = np.unique(np.linspace(0, len(atlas.images) - 1, count).round().astype(int))
    found = _look_at_all(job, list(epochs.values()), rows, asked)
    for done, (layer, numbers) in enumerate(asked.items()):
        job.tell("drawing", done, len(asked), "layers", layer)
        grown = {key: np.stack([one[layer][key] for one in found], axis=1) for key in found[0][layer]}
        scale = _draw(job, list(epochs.values()), layer, numbers, grown)
        about = {"epoch": np.array(list(epochs)), "channel": np.array(numbers), "row": rows, "scale": scale}
        write_evolution(job.root, layer, about | grown)
    return open_atlas(job.root)


def _open(folder: Path, data: str | None, report: Any) -> tuple[Any, dict[int, Any]]:
    """The survey that the run's atlas came from, and its model after every epoch that is kept."""
    from convscope.ask.run import run_images
    from convscope.nets.evolved import epochs_kept
    from convscope.nets.open import open_model
    from convscope.survey.job import reopen

    atlas, epochs = open_atlas(folder), epochs_kept(folder)
    if not epochs:
        raise BadModel(f"{folder} keeps no weights of earlier epochs: train it again without --no-series")
    job = reopen(open_model(folder), run_images(folder, data), atlas, report)
    return job, {epoch: open_model(f"{folder}@{epoch}") for epoch in epochs}


def _spread(atlas: Atlas, each: int) -> dict[int, list[int]]:
    """Some living channels of every layer, evenly spread over its numbers."""
    found = {}
    for place, name in enumerate(atlas.layers):
        alive = np.flatnonzero(~atlas.channels(name)["dead"])
        some = np.unique(np.linspace(0, len(alive) - 1, min(each, len(alive))).round().astype(int))
        if len(some):
            found[place] = [int(alive[one]) for one in some]
    return found


def _look_at_all(job: Any, models: list[Any], rows: np.ndarray, asked: dict[str, list[int]]) -> list[Any]:
    """What each epoch's weights answer; the last is looked at first, for all are compared with it and forgotten."""
    from convscope.studies.evolution import settled

    found, last = [], {}
    for done, model in enumerate(reversed(models)):
        job.tell("looking", done, len(models), "epochs")
        looked = _look(model, job.pixels, rows, asked)
        peaks = {layer: one.pop("peak") for layer, one in looked.items()}
        last = last or peaks
        found.append({layer: one | settled(peaks[layer], last[layer]) for layer, one in looked.items()})
    return found[::-1]


def _look(model: Any, pixels: Any, rows: np.ndarray, asked: dict[str, list[int]]) -> Any:
    from convscope.studies.evolution import strongest

    def batches() -> Iterator[tuple[np.ndarray, Any]]:
        for start in range(0, len(rows), TOGETHER):
            some = rows[start : start + TOGETHER]
            yield some, pixels.batch(some.tolist())

    return strongest(model, batches(), asked, rows[:: -(-len(rows) // COMPARED)])


def _draw(
    job: Any, models: list[Any], layer: str, channels: list[int], found: dict[str, np.ndarray]
) -> np.ndarray:
    """One picture a channel, a column an epoch; gives the scales ``[channels, epochs]``."""
    from convscope.survey.easel import Easel, paint_patches, paint_projections
    from convscope.survey.tiles import strip

    scale = np.zeros(found["value"].shape, dtype=np.float32)
    at = [one.name for one in job.layers].index(layer)
    rule, middle = job.rule(at), job.middle(at)
    for place, channel in enumerate(channels):
        group = range(channel, channel + 1)
        numbers = {
            key: np.repeat(found[key][place : place + 1], channel + 1, axis=0) for key in ("image", "y", "x")
        }
        easels = [
            Easel(job.root, model, job.pixels, model.layer(layer), numbers, rule, middle) for model in models
        ]
        tiles = easels[0].blank(group)
        paint_patches(easels[0], group, tiles)  # what is seen does not depend on the weights
        for epoch, easel in enumerate(easels):
            paint_projections(easel, group, tiles, easel.pairs(group, slice(epoch, epoch + 1)))
        scale[place] = tiles.scale[0]
        picture = strip(tiles.patches[0], tiles.projections[0])
        write_picture(layout.evolution_picture(job.root, layer, channel), picture)
    return scale
