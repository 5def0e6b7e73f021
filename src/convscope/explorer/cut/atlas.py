"""An atlas cut down to be published: a folder that holds what is kept and nothing else."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from convscope.atlas import layout
from convscope.atlas.check import read_arrays
from convscope.atlas.context import box_of, examples
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.atlas.sight import NONE, has_loupe
from convscope.atlas.write import write_loupe, write_picture
from convscope.explorer.addresses import control_of
from convscope.explorer.cut.choice import choose
from convscope.explorer.cut.images import cut_images
from convscope.explorer.cut.pixels import BLANK, copy_file, only_tiles, read_pixels
from convscope.explorer.excerpt import Cut, Excerpt, Kept
from convscope.plain.render import ZERO

NUMBERS = ("numbers.safetensors", "peaks.safetensors", "weights.safetensors", "kernels.png")


def cut_down(atlas: Atlas, excerpt: Excerpt, folder: Path) -> Cut:
    """The part of ``atlas`` that ``excerpt`` keeps, in ``folder``; raises UnknownName, BadAtlas."""
    kept, chosen = choose(atlas, excerpt)
    source = atlas.path.resolve()
    run = source.parent  # the page of training reads what lies beside an atlas
    root = folder / run.name / source.name
    for name in (layout.MANIFEST, layout.IMAGES):
        copy_file(atlas.path / name, root / name)
    for name in ("metrics.jsonl", "report.json"):
        copy_file(run / name, root.parent / name)
    if control := control_of(atlas):
        copy_file(control / layout.MANIFEST, _control(root) / layout.MANIFEST)
    for name in kept.channels:
        _cut_layer(atlas, atlas.layers[name], kept, root)
    rows = [atlas.chosen[place] for place in chosen] if kept.patches else []
    if kept.patches:
        for name in filter(lambda layer: has_loupe(atlas, layer), kept.channels):
            _cut_loupe(atlas, atlas.layers[name], kept.channels[name], chosen, root)
        cut_images(atlas, kept, rows, root)
    layers = [entry for entry in atlas.manifest["layers"] if entry["name"] in kept.channels]
    return Cut(root, atlas.manifest | {"layers": layers, "chosen": rows}, kept)


def _cut_layer(atlas: Atlas, layer: AtlasLayer, kept: Kept, root: Path) -> None:
    folder = layout.layer_folder(Path(), layer.name)
    for file in NUMBERS:
        copy_file(atlas.path / folder / file, root / folder / file)
    for kind in ("patches", "projections") if kept.patches else ("projections",):
        for sheet in range(-(-layer.channels // layout.CHANNELS_A_SHEET)):
            file = layout.sheet_file(Path(), layer.name, kind, sheet)
            _cut_sheet(atlas.path / file, root / file, sheet, kept.channels[layer.name], layer.channels)
    for channel in kept.channels[layer.name].tolist():
        _cut_channel(atlas, layer.name, channel, kept, root)
    _cut_evolution(atlas, layer.name, kept, root)


def _cut_channel(atlas: Atlas, layer: str, channel: int, kept: Kept, root: Path) -> None:
    strip = layout.strip_file(Path(), layer, channel)
    _cut_rows(atlas.path / strip, root / strip, kept)
    if kept.patches:
        for place in (layout.sources_file, layout.quantiles_file):
            file = place(Path(), layer, channel)
            copy_file(atlas.path / file, root / file)
        _cut_context(atlas, layer, channel, kept, root)
    if control := control_of(atlas):
        _cut_rows(control / strip, _control(root) / strip, kept)


def _cut_context(atlas: Atlas, layer: str, channel: int, kept: Kept, root: Path) -> None:
    """What stands about a channel, without the patches of channels that are left out."""
    file, numbers = layout.context_file(Path(), layer, channel), atlas.numbers(layer)
    near = numbers["neighbour"][channel] if "neighbour" in numbers else np.empty(0)
    out = np.flatnonzero((near >= 0) & ~np.isin(near, kept.channels[layer])).tolist()
    if not out or not (atlas.path / file).is_file():
        return copy_file(atlas.path / file, root / file)
    pixels, many = read_pixels(atlas.path / file), examples(numbers)
    for place in out:
        left, top, right, bottom = map(int, box_of("alike", place * many, many))
        pixels[top:bottom, left:right] = BLANK
    write_picture(root / file, pixels)


def _control(root: Path) -> Path:
    return root.with_name(f"{root.name}-control")


def _cut_rows(source: Path, target: Path, kept: Kept) -> None:
    """Patches over their projections; without patches only the lower row."""
    if kept.patches or not source.is_file():
        return copy_file(source, target)
    pixels = read_pixels(source)
    pixels[: pixels.shape[0] // 2] = BLANK
    write_picture(target, pixels)


def _cut_sheet(source: Path, target: Path, sheet: int, channels: np.ndarray, of: int) -> None:
    """A sheet with the channels that are kept, each in its place; the first one stays even where it is empty."""
    if len(channels) == of:
        return copy_file(source, target)
    inside = channels - sheet * layout.CHANNELS_A_SHEET
    inside = inside[(inside >= 0) & (inside < layout.CHANNELS_A_SHEET)]
    if source.is_file() and (len(inside) or sheet == 0):
        shown = only_tiles(read_pixels(source), inside, layout.SHEET_TILE * 3, layout.SHEET_ACROSS, ZERO)
        write_picture(target, shown)


def _cut_evolution(atlas: Atlas, layer: str, kept: Kept, root: Path) -> None:
    grown = atlas.evolution(layer)
    inside = np.isin(grown["channel"], kept.channels[layer]) if grown else np.zeros(0, dtype=bool)
    if not grown or not inside.any():
        return
    whole = ("epoch", "row", *layout.MORE_EVOLUTION)  # the other arrays have one entry a channel
    arrays = {
        name: np.ascontiguousarray(array if name in whole else array[inside]) for name, array in grown.items()
    }
    save_file(arrays, layout.evolution_file(root, layer))
    for channel in arrays["channel"].tolist():
        file = layout.evolution_picture(Path(), layer, channel)
        _cut_rows(atlas.path / file, root / file, kept)


def _cut_loupe(atlas: Atlas, layer: AtlasLayer, channels: np.ndarray, chosen: list[int], root: Path) -> None:
    """The three that answer in each cell, those that are not kept left out; and the maps of those that are."""
    found = read_arrays(layout.loupe_file(atlas.path, layer.name))
    before, score = found["channel"][chosen], found["score"][chosen]
    out = ~np.isin(before, channels)
    order = np.argsort(out, axis=1, kind="stable")  # who is kept moves up
    channel = np.take_along_axis(np.where(out, NONE, before), order, axis=1)
    write_loupe(root, layer.name, channel, np.take_along_axis(np.where(out, 0, score), order, axis=1))
    every = np.isin(np.arange(layer.channels), channels)
    for place, was in enumerate(chosen):
        present, stay = (np.setdiff1d(array[place], [NONE]) for array in (before, channel))
        for file, inside, drop in (
            (layout.loupe_maps_file, np.isin(present, stay), True),
            (layout.layer_maps_file, every, False),
        ):
            _cut_maps(file(atlas.path, layer.name, was), file(root, layer.name, place), inside, drop=drop)


def _cut_maps(source: Path, target: Path, inside: np.ndarray, *, drop: bool) -> None:
    """Maps that are stacked downwards: those that are not kept are dropped, or blank."""
    if not source.is_file() or not inside.any():
        return
    pixels = read_pixels(source)
    maps = pixels.reshape(len(inside), -1, pixels.shape[1])
    kept = maps[inside] if drop else maps * inside[:, None, None].astype(np.uint8)
    write_picture(target, kept.reshape(-1, pixels.shape[1]))
