"""What is published of the images themselves: photographs, thumbnails, their stacks and whys."""

from pathlib import Path

import numpy as np

from convscope.atlas import layout
from convscope.atlas.picture import Picture, find_picture
from convscope.atlas.read import Atlas
from convscope.atlas.stack import MAPS, Stack, StackLayer, places, read_stack, stacked, write_stack
from convscope.atlas.write import write_picture
from convscope.explorer.cut.pixels import BLANK, copy_file, only_tiles, read_pixels
from convscope.explorer.excerpt import Kept


def cut_images(atlas: Atlas, kept: Kept, chosen: list[int], root: Path) -> None:
    """All that shows images of ``atlas``, as far as it is kept, at ``root``; ``chosen`` rows are those of the Loupe."""
    whole = len(kept.rows) == len(atlas.images)
    for path in sorted((atlas.path / "images").glob("photo-*.png")):
        if whole or int(path.stem.removeprefix("photo-")) in chosen:
            copy_file(path, root / "images" / path.name)
    for sheet in range(-(-len(atlas.images) // layout.THUMBS_A_SHEET)):
        file = layout.thumbs_file(Path(), sheet)
        if whole:
            copy_file(atlas.path / file, root / file)
        else:
            _cut_thumbs(atlas.path / file, root / file, kept.rows - sheet * layout.THUMBS_A_SHEET)
    for picture in stacked(atlas):
        if whole or picture.row in chosen:
            _cut_stack(atlas, picture, kept, root)
    copy_file(atlas.path / layout.LESSONS, root / layout.LESSONS)
    if whole:  # a why speaks of images all over the atlas
        _cut_whys(atlas, kept, root)


def _cut_thumbs(source: Path, target: Path, rows: np.ndarray) -> None:
    """A sheet of thumbnails; ``rows`` are counted from its first."""
    inside = rows[(rows >= 0) & (rows < layout.THUMBS_A_SHEET)]
    if len(inside) and source.is_file():
        write_picture(
            target, only_tiles(read_pixels(source), inside, layout.THUMB, layout.THUMBS_ACROSS, BLANK)
        )


def _cut_stack(atlas: Atlas, picture: Picture, kept: Kept, root: Path) -> None:
    stack = read_stack(atlas, picture)
    if stack is None:
        return
    layers, levels = _windows(atlas, stack, read_pixels(picture.folder / MAPS), kept)
    answers = tuple(each for each in stack.answers if each.lens != "deconvnet" or _is_kept(each.unit, kept))
    if layers:
        for each in answers:
            file = layout.map_file(Path(), each.key)
            copy_file(atlas.path / file, root / file)
        at = find_picture(Atlas(root, atlas.manifest), picture.key)
        write_stack(at, Stack(stack.likeliest, tuple(layers), answers, stack.notes), levels)


def _windows(
    atlas: Atlas, stack: Stack, pixels: np.ndarray, kept: Kept
) -> tuple[list[StackLayer], list[np.ndarray]]:
    """The kept channels of a stack, and their maps ``[n, H, W]`` cut from the picture of all."""
    layers: list[StackLayer] = []
    levels: list[np.ndarray] = []
    for entry, top in zip(stack.layers, places(atlas, stack), strict=True):
        inside = kept.channels.get(entry.name, ())
        stay = [place for place, channel in enumerate(entry.channels) if channel in inside]
        if stay:
            _, height, width = atlas.layers[entry.name].shape
            tops, peaks = (tuple(values[place] for place in stay) for values in (entry.tops, entry.peaks))
            layers.append(StackLayer(entry.name, tuple(entry.channels[place] for place in stay), tops, peaks))
            levels.append(
                np.stack([pixels[top : top + height, place * width :][:, :width] for place in stay])
            )
    return layers, levels


def _is_kept(unit: str, kept: Kept) -> bool:
    layer, _, channel = unit.split("@")[0].rpartition(":")
    return int(channel) in kept.channels.get(layer, ())


def _cut_whys(atlas: Atlas, kept: Kept, root: Path) -> None:
    for row, against in atlas.whys():
        why = atlas.why(row, against)
        if why is not None and why.layer in kept.channels:
            file = layout.why_file(Path(), row, against)
            copy_file(atlas.path / file, root / file)
