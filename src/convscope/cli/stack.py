"""``convscope stack MODEL``."""

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json


def stack(
    model: str,
    /,
    *pictures: str,
    atlas: str | None = None,
    data: str | None = None,
    network: Network = UNTOLD,
    json: bool = False,
) -> None:
    """One picture through every layer, kept in the atlas for the explorer: maps, projection, Grad-CAM, occlusion.

    Parameters
    ----------
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    pictures
        Rows or ids of images of the atlas, or image files, which stay in the atlas until you delete
        ATLAS/uploads/KEY and are never published; without any, the images that the Loupe shows.
    atlas
        The atlas; MODEL/atlas by default.
    data
        The images the atlas was made from, for rows whose photograph it does not hold; a run remembers its own.
    json
        Print what was made as JSON.
    """
    from convscope.ask.live import source_of
    from convscope.ask.stack import Scene, take_in, with_photo
    from convscope.ask.stack import stack as make
    from convscope.atlas.read import open_atlas

    opened, known = network.open(model), open_atlas(atlas or model)
    source = source_of(model, data)
    made = {}
    for words in pictures or map(str, known.chosen):
        picture = take_in(known, words)
        made[picture.key] = make(Scene(known, opened, with_photo(known, picture, source())))
        if not json:
            named = [
                f", named {known.classes[place]} ({share:.1%})"
                for place, share in made[picture.key].likeliest[:1]
            ]
            print(f"image/{picture.key}/: {picture.id}", *named, sep="")
    if json:
        print_json({key: {"likeliest": each.likeliest, "notes": each.notes} for key, each in made.items()})
    else:
        print(f"Open them: convscope explore {atlas or model}")
