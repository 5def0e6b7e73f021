"""A small atlas whose every tile has its own flat colour, with names that try to be markup."""

from pathlib import Path

import numpy as np

from convscope.atlas import layout, write
from convscope.atlas.context import compose
from convscope.atlas.moves import write_invariance
from convscope.atlas.neighbours import nearest_of_each
from convscope.atlas.picture import find_picture
from convscope.atlas.read import Atlas, open_atlas
from convscope.atlas.stack import Answer, Stack, StackLayer, write_stack
from convscope.plain.boxes import Box
from convscope.plain.moves import Moved, Moves, steps
from convscope.plain.names import escape
from convscope.plain.pixelmap import PixelMap
from convscope.plain.question import Question
from convscope.plain.share import Share
from convscope.plain.unit import Unit
from convscope.plain.validity import Validity
from convscope.plain.why import Cause, Guess, Trial, Verdict, Where, Why

SIDE, TILE, K, ROWS = 32, 64, 9, 6
CHOSEN = (1, 3, 4)
CLASSES = ("<script>alert(1)</script>", 'cat "tom" & co', "dog's", "plain")
IDS = ("a.png", 'b"quoted".png', "c'&amp;.png", "<img src=x onerror=alert(1)>.png", "é/e.png", "f.png")
LABELS = (0, 1, 2, 3, 0, 1)
PREDICTED = (0, 1, 3, 3, 1, 1)
MARGINS = (0.85, 0.7, 0.15, 0.998, 0.05, 0.4)
# name, shape, field size, stride, start
LAYERS = (
    ("relu1", (10, 16, 16), 5, 2, -2),
    ("layer2.0.relu#2", (130, 8, 8), 13, 4, -4),
    ("head", (6, 1, 1), 32, 32, 0),
)
NONE = 65535
EPOCHS, GROWN = (0, 1, 4), (0, 3)  # of the first layer
DEAD = 2  # one channel a layer
WHYS = ((2, 2), (4, 0), (4, 2))  # (row, class asked against); row 2 has no photograph
QUANTILES = (0.5, 0.9)
OLDER = 2  # the layer that is as atlases were before a channel's surroundings became one picture


def colour(layer: int, channel: int, rank: int, projection: bool) -> tuple[int, int, int]:
    """The colour of a tile: no two are nearer than 12 levels in every band; projections of a dead channel are zero."""
    if projection and channel == DEAD:
        return 128, 128, 128
    index = ((layer * 130 + channel) * 9 + rank) * 2 + projection
    return index % 21 * 12, index // 21 % 21 * 12, index // 441 % 21 * 12


def build(root: Path, *, pictures: bool = True) -> Atlas:
    """The atlas, complete or as a survey leaves it that was stopped before its pictures."""
    rng = np.random.default_rng(7)
    write.write_images(root, _images())
    for place, (name, shape, *_) in enumerate(LAYERS):
        write.write_numbers(root, name, _numbers(rng, place) | (_more_numbers(place) if pictures else {}))
        write.write_loupe(root, name, *_loupe(rng, root, name, shape))
        if pictures:
            _draw(root, place)
    _photographs(root)
    for row, against in WHYS:
        write.write_why(root, why(row, against))
    if pictures:
        write.write_lessons(root, measured())
        write_invariance(root, moves())
    write.write_manifest(root, _manifest(pictures))
    if pictures:
        _stack(open_atlas(root), str(CHOSEN[0]))
    return open_atlas(root)


def measured() -> dict:
    """What `convscope lessons` would have measured."""
    rng = np.random.default_rng(13)
    steps = [0, 1, 2]
    change = [0.0, 0.25, 0.5]
    return {
        "shift": {
            "steps": steps, "border": "reflect", "pictures": 3, "probability": [0.9, 0.8, 0.7], "kept": [1.0, 1.0, 0.5],
            "layers": [{"layer": name, "change": change, "aligned": [0.0, None, 0.1]} for name, *_ in LAYERS],
        },
        "fields": {"pictures": 3, "width": {"relu1": [3, 4], "layer2.0.relu#2": [7, 9]}},
        "occlusion": {
            "row": 3, "size": 8, "stride": 4, "fill": "grey", "of": 2, "classes": [3, 0], "clean": [0.75, 0.125],
            "probability": rng.random((2, 7, 7)).tolist(),
        },
    }  # fmt: skip


def moves() -> Moves:
    """What `convscope invariance` would have measured of two pictures: every number is another one."""
    rng, rows = np.random.default_rng(17), (1, 3)
    moved = {}
    for kind, places in steps(SIDE).items():
        distance = {name: rng.random((2, len(places))) * 10 for name, *_ in LAYERS}
        moved[kind] = Moved(kind, places, distance, rng.random((2, len(places))))
    return Moves(rows, (1, 3), {name: np.array([4.0, 5.0]) for name, *_ in LAYERS}, moved)


def _images() -> dict[str, list]:
    probability = [0.9, 0.8, 0.55, 0.999, 0.4, 0.7]
    sizes = {"height": [SIDE] * ROWS, "width": [SIDE] * ROWS, "split": ["val"] * ROWS}
    return {
        "id": IDS,
        "label": LABELS,
        "predicted": PREDICTED,
        "probability": probability,
        "margin": MARGINS,
        **sizes,
    }


def interval(place: int) -> np.ndarray:
    _, shape, size, stride, start = LAYERS[place]
    first = start + stride * np.arange(shape[1])
    return np.clip(np.stack([first, first + size], axis=1), 0, SIDE)


def _numbers(rng: np.random.Generator, place: int) -> dict[str, np.ndarray]:
    channels, height, width = LAYERS[place][1]
    value = -np.sort(-rng.gamma(2, 2, (channels, K)), axis=1)
    image = np.array([rng.permutation(ROWS).tolist() + [-1] * (K - ROWS) for _ in range(channels)])
    maximum = value[:, 0].copy()
    maximum[DEAD] = 0
    edges = np.tile(np.linspace(-1, 9, 65), (channels, 1))
    return {
        "value": np.where(image < 0, -np.inf, value), "image": image,
        "y": rng.integers(0, height, (channels, K)), "x": rng.integers(0, width, (channels, K)),
        "mean": rng.random(channels), "maximum": maximum, "p999": maximum * 0.9, "positive": rng.random(channels),
        "class_mean": rng.random((channels, 4)), "class_peak": rng.random((channels, 4)),
        "histogram": rng.integers(0, 99, (channels, 64)), "histogram_edges": edges,
        "rows": interval(place), "columns": interval(place),
        "scale": rng.random((channels, K)), "duplicate": np.zeros((channels, K)),
    }  # fmt: skip


def _more_numbers(place: int) -> dict[str, np.ndarray]:
    """What an older atlas has not: spreads of classes, and images at quantiles."""
    rng, channels = np.random.default_rng(place), LAYERS[place][1][0]
    of = (channels, len(QUANTILES), 3)
    more = {
        "class_spread": rng.random((channels, 4)),
        "quantile_value": np.sort(rng.random(of)), "quantile_image": rng.integers(0, ROWS, of),
        "quantile_y": np.zeros(of), "quantile_x": np.zeros(of),
    }  # fmt: skip
    return more if place == OLDER else more | {"neighbour": nearest_of_each(_peaks(place), 4)}


def _peaks(place: int) -> np.ndarray:
    return np.random.default_rng(place).random((LAYERS[place][1][0], ROWS))


def _draw(root: Path, place: int) -> None:
    name, (channels, height, width), *_ = LAYERS[place]
    flat = np.array([
        [[colour(place, channel, rank, below) for rank in range(K)] for below in (False, True)]
        for channel in range(channels)
    ], dtype=np.uint8)  # fmt: skip
    for channel in range(channels):
        write.write_picture(layout.strip_file(root, name, channel), _enlarge(flat[channel], TILE))
        _draw_about(root, place, channel, flat[:, 0])
    if place == 0:
        _grow(root, name, np.random.default_rng(23))
    write.write_peaks(root, name, np.arange(ROWS), _peaks(place))
    for below, kind in enumerate(("patches", "projections")):
        for sheet in range(-(-channels // 64)):
            write.write_picture(layout.sheet_file(root, name, kind, sheet), _sheet(flat[:, below], sheet))
    if place == 0:
        rng = np.random.default_rng(11)
        write.write_weights(root, name, rng.normal(0, 0.1, (channels, 3, 5, 5)), rng.normal(0, 0.1, channels))
        step = layout.KERNEL_TILE + layout.KERNEL_GAP
        kernels = np.full((2 * step - 4, 8 * step - 4, 3), 128, dtype=np.uint8)
        write.write_picture(layout.kernels_file(root, name), kernels)
        for chosen in range(len(CHOSEN)):
            grey = np.repeat(np.arange(channels, dtype=np.uint8) * 20, height)[:, None]
            write.write_picture(layout.layer_maps_file(root, name, chosen), np.repeat(grey, width, axis=1))


def about(place: int, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """The colours of a channel's whole images ``[9, 3]``, and of its images at quantiles ``[6, 3]``."""
    whole = [(channel, rank * 25, place * 40) for rank in range(K)]
    return np.array(whole, np.uint8), np.repeat(np.arange(6, dtype=np.uint8)[:, None] * 40, 3, axis=1)


def _draw_about(root: Path, place: int, channel: int, patches: np.ndarray) -> None:
    name, (whole, levels) = LAYERS[place][0], about(place, channel)
    if place == OLDER:
        write.write_picture(layout.sources_file(root, name, channel), _enlarge(whole[None], layout.THUMB))
        write.write_picture(layout.quantiles_file(root, name, channel), _enlarge(levels[None], 48))
        return
    near = nearest_of_each(_peaks(place), 4)[channel]
    alike = np.where((near < 0)[:, None, None], np.uint8(layout.OUTSIDE), patches[near, :3]).reshape(-1, 3)
    rows = [
        np.broadcast_to(row[:, None, None], (len(row), side, side, 3))
        for row, side in ((whole, 64), (levels, 48), (alike, 32))
    ]
    write.write_picture(layout.context_file(root, name, channel), compose(rows))


def _grow(root: Path, name: str, rng: np.random.Generator) -> None:
    """Two channels at three epochs; in the last both answer to row 3."""
    of = (len(GROWN), len(EPOCHS))
    image = rng.integers(0, ROWS, of)
    image[:, -1] = 3
    arrays = {
        "epoch": EPOCHS,
        "channel": GROWN,
        "row": range(ROWS),
        "value": rng.random(of) * 9,
        "image": image,
    }
    arrays |= {axis: rng.integers(0, 16, of) for axis in ("y", "x")} | {"scale": rng.random(of)}
    write.write_evolution(root, name, {key: np.array(array) for key, array in arrays.items()})
    for channel in GROWN:
        columns = np.repeat(np.arange(6, dtype=np.uint8).reshape(2, 3, 1) * 40, 3, axis=2)
        write.write_picture(layout.evolution_picture(root, name, channel), _enlarge(columns, TILE))


def stack_levels(place: int) -> np.ndarray:
    """uint8 ``[3, H, W]``: the maps of three channels that the stack holds, no two cells alike in a row."""
    height, width = LAYERS[place][1][1:]
    y, x = np.mgrid[:height, :width]
    return np.stack([(y * 16 + x * 7 + 40 * one + place) % 256 for one in range(3)]).astype(np.uint8)


def _stack(atlas: Atlas, key: str) -> None:
    """A stack whose white is 2, 4 and 6, with one map of each lens and a projection of relu1:5."""
    picture = find_picture(atlas, key)
    layers = tuple(StackLayer(name, (5, 0, 2), (2.0, 4.0, 6.0), (1.5, 3.0, 0.5)) for name, *_ in LAYERS)
    rng = np.random.default_rng(5)
    answers = []
    for lens, unit, bands in (
        ("deconvnet", "relu1:5", 3),
        ("gradcam", "head:1", 1),
        ("occlusion", "head:1", 1),
    ):
        array = rng.normal(0, 1, (SIDE, SIDE, bands)).astype(np.float32)
        array = np.abs(array) if lens == "gradcam" else array
        array[:8, :8] = 0  # no influence
        about = (array, "made-up units", Box(0, 0, SIDE, SIDE), None, f"{lens} <b>of</b> {unit}")
        asked = Question(atlas.manifest["model"]["id"], Unit.parse(unit), lens, 1, picture.id)
        write.write_map(picture.memory, asked, PixelMap(*about, Validity("exact", "Made up.")))
        answers.append(Answer(lens, unit, asked.key))
    stack = Stack(((1, 0.8), (0, 0.1)), layers, tuple(answers), ("no <i>answer</i> to another question",))
    write_stack(picture, stack, [stack_levels(place) for place in range(len(LAYERS))])


def _enlarge(tiles: np.ndarray, side: int) -> np.ndarray:
    return tiles.repeat(side, axis=0).repeat(side, axis=1)


def _sheet(colours: np.ndarray, sheet: int) -> np.ndarray:
    """Colours ``[C, 9, 3]`` of one kind as a sheet of 8 x 8 channels, 3 x 3 tiles each."""
    some = colours[sheet * 64 : sheet * 64 + 64]
    rows = -(-len(some) // 8)
    full = np.full((rows * 8, 9, 3), 128, dtype=np.uint8)
    full[: len(some)] = some
    grid = full.reshape(rows, 8, 3, 3, 3).transpose(0, 2, 1, 3, 4).reshape(rows * 3, 24, 3)
    return _enlarge(grid, layout.SHEET_TILE)


def _loupe(rng: np.random.Generator, root: Path, name: str, shape: tuple[int, int, int]) -> tuple:
    channels, height, width = shape
    cells = (len(CHOSEN), height, width)
    order = rng.permuted(
        np.broadcast_to(np.arange(channels)[:, None, None, None], (channels, *cells)), axis=0
    )
    channel = order[:3].transpose(1, 0, 2, 3).astype(np.uint16)
    score = -np.sort(-rng.random((len(CHOSEN), 3, height, width)), axis=1)
    if height > 1:  # one cell that only one channel answers
        channel[:, 1:, 0, 0], score[:, 1:, 0, 0] = NONE, 0
    for chosen in range(len(CHOSEN)):
        present = np.setdiff1d(channel[chosen], [NONE])
        levels = np.linspace(60, 250, len(present)).astype(np.uint8)
        picture = np.repeat(np.repeat(levels, height)[:, None], width, axis=1)
        write.write_picture(layout.loupe_maps_file(root, name, chosen), picture)
    return channel, score


def _photographs(root: Path) -> None:
    rng = np.random.default_rng(3)
    for row in CHOSEN:
        write.write_picture(
            layout.photo_file(root, row), rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
        )
    sheet = np.full((64, 640, 3), 255, dtype=np.uint8)
    for row in range(ROWS):
        sheet[:, row * 64 : row * 64 + 64] = (row * 40, 255 - row * 40, 128)
    write.write_picture(layout.thumbs_file(root, 0), sheet)


def _manifest(pictures: bool) -> dict:
    model = {
        "id": "0" * 64, "name": "tiny <net>", "net": "10c5", "classes": list(CLASSES), "height": SIDE,
        "width": SIDE, "channels": 3, "fit": {"height": SIDE, "width": SIDE}, "mean": [0.5], "std": [0.5],
        "output": "head", "parameters": 1234, "notes": [],
    }  # fmt: skip
    images = {
        "name": "flat colours",
        "digest": "1" * 64,
        "classes": list(CLASSES),
        "count": ROWS,
        "found": ROWS,
        "split": "val",
        "notes": [],
    }
    return {
        "stage": "complete" if pictures else "numbers", "model": model, "images": images,
        "layers": [_layer(place, pictures) for place in range(len(LAYERS))],
        "chosen": list(CHOSEN), "survey": {"k": K, "batch": 64, "seed": 0, "quantiles": list(QUANTILES) if pictures else []},
        "provenance": {"device": "cpu", "seconds": 1.5},
    }  # fmt: skip


def _layer(place: int, pictures: bool) -> dict:
    name, shape, size, stride, start = LAYERS[place]
    validity = {"label": "exact", "sentence": "Every rectifier was treated.", "labels": ["exact"]}
    return {
        "name": name, "folder": escape(name), "operation": "relu", "shape": list(shape), "chain": ["conv", name],
        "size": [size] * 2, "stride": [stride] * 2, "start": [start] * 2, "exact": True, "kernel": "5 x 5",
        "pictures": pictures, "tile": TILE, "validity": validity, "kernels": place == 0,
    }  # fmt: skip


def why(row: int, against: int) -> Why:
    """An answer in which every number is another one."""
    grid = tuple(tuple((row + 1) * (y - x) / 100 for x in range(8)) for y in range(8))
    predicted = CLASSES[PREDICTED[row]]
    top = tuple(
        Guess(name, share) for name, share in zip((predicted, CLASSES[against]), (0.7, 0.2), strict=True)
    )
    causes = tuple(
        Cause(channel, 2.5 - channel, 2.5 - channel, grid, Share(3, 4), Share(2, 6)) for channel in range(3)
    )
    words = "A rule.", "Anything <else>."
    tests = (
        Trial("context", "Cover the thing", False, "2 of 6 stop", *words, shares(2, 3)),
        Trial("cover", "Cover what it looks at", True, "5 of 6 stop", *words, shares(5, 0)),
        Trial("ablate", "Silence the channel", True, "it loses", *words, {"change": -0.4, "low": -0.5, "high": -0.25}),
        Trial("paste", "Paste its patch", True, "6 of 6 turn", *words, shares(6, 1)),
        Trial("counter", "Pictures without it", None, "no <i>labels</i>", *words, {}),
    )  # fmt: skip
    return Why(
        IDS[row], row, CLASSES[LABELS[row]], predicted, CLASSES[against], against, "0" * 64, "layer2.0.relu#2",
        Verdict(top, 0.5, Share(2, 6), Share(1, 2), (4,)),
        Where(4, 2, "grey", (0.7, 0.2), grid, grid, (26, 26, 30, 30), 0.11, grid if against else None),
        causes, 130, 4.25, 4.0, 0.25, against == 0, 2e-7, tests, (3, (24, 24, 32, 32)), "supported", {"seed": 0},
    )  # fmt: skip


def shares(count: int, control: int) -> dict[str, float | int | str | None]:
    return {"count": count, "total": 6, "control_count": control, "control_total": 6}
