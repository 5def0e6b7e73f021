"""The projections of one channel, made when somebody asks for them."""

from typing import Any

from convscope.atlas.read import Atlas, open_atlas
from convscope.errors import BadAtlas
from convscope.plain.unit import Unit


def project(atlas: Atlas, unit: Unit, model: Any, images: Any) -> Atlas:
    """Draw the projections of a channel's winners into its strip and sheet, and open the atlas anew.

    Nothing is drawn where they are there already. ``model`` and ``images`` are those of the survey. Two at a
    time in one atlas would overwrite each other's numbers: let one process ask. Raises BadAtlas, UnknownName.

    >>> atlas = project(atlas, cs.Unit("conv4", 17), model, "photos/")  # doctest: +SKIP
    """
    from convscope.survey.again import numbers_of
    from convscope.survey.fill import fill
    from convscope.survey.job import reopen

    layer = atlas.layer(unit.layer)
    job = reopen(model, images, atlas)
    place = list(atlas.layers).index(layer.name)
    job.model.check(Unit(layer.name, unit.channel))
    if not layer.pictures:
        raise BadAtlas(f"{layer.name} has no pictures yet: run `convscope survey` again to finish the atlas")
    if not atlas.projected(layer.name)[unit.channel].any():
        fill(job, numbers_of(atlas), {place: [unit.channel]})
    return open_atlas(atlas.path)
