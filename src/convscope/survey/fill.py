"""Projections of single channels, put into an atlas where they belong."""

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.write import write_manifest, write_numbers, write_picture
from convscope.errors import BadAtlas
from convscope.survey.easel import Easel, paint_patches, paint_projections
from convscope.survey.job import Job
from convscope.survey.pictures import write_strips
from convscope.survey.record import Numbers
from convscope.survey.tiles import ACROSS, nine


def fill(job: Job, numbers: Numbers, wanted: dict[int, list[int]]) -> None:
    """Draw strips, and places on sheets, of the channels ``wanted`` by place of their layer.

    Every file appears whole: first a channel's pictures, then the numbers that say they are there. A later
    survey with ``project="all"`` draws them once more, so that its result does not depend on what was asked for.
    """
    total, done = sum(map(len, wanted.values())), 0
    for place, channels in wanted.items():
        name = job.layers[place].name
        layer, rule, middle = job.layers[place], job.rule(place), job.middle(place)
        easel = Easel(job.root, job.model, job.pixels, layer, numbers[name], rule, middle)
        for channel in channels:
            job.tell("projections", done, total, "channels", f"{name}:{channel}")
            _draw(job, easel, place, channel, numbers[name])
            done += 1
        write_numbers(job.root, name, numbers[name])
        write_manifest(job.root, job.manifest)
    job.tell("projections", done, total, "channels")


def _draw(job: Job, easel: Easel, place: int, channel: int, arrays: dict[str, np.ndarray]) -> None:
    group = range(channel, channel + 1)
    tiles = easel.blank(group)
    paint_patches(easel, group, tiles)
    validity = paint_projections(easel, group, tiles, easel.pairs(group))
    write_strips(easel, group, tiles)
    _put_on_sheet(easel, channel, nine(tiles.small_projections[0]))
    arrays["scale"][channel], arrays["projected"][channel] = tiles.scale[0], tiles.projected[0]
    if validity is not None:
        job.manifest["layers"][place]["validity"] = validity.as_dict()


def _put_on_sheet(easel: Easel, channel: int, tiles: np.ndarray) -> None:
    sheet, place = divmod(channel, layout.CHANNELS_A_SHEET)
    path = layout.sheet_file(easel.root, easel.layer.name, "projections", sheet)
    try:
        with Image.open(path) as picture:
            pixels = np.array(picture)
    except OSError as error:
        raise BadAtlas(f"{path} is missing or damaged: survey again to rebuild it.") from error
    side = ACROSS * layout.SHEET_TILE
    y, x = divmod(place, layout.SHEET_ACROSS)
    pixels[y * side : (y + 1) * side, x * side : (x + 1) * side] = tiles
    write_picture(path, pixels)
