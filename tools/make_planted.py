"""Train a tiny network on a planted shortcut and write what lesson 9 shows of it, ``explorer/labs/planted.json``.

    python tools/make_planted.py

Every training picture of one class bears a small chequered mark in its corner, as pictures of one agency would;
of the validation pictures some of the other classes bear it too. One thread, seeded: the same machine writes the
same file. The pictures are of the bundled emoji.
"""

import base64
import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import convscope as cs
import convscope.explorer.labs
from convscope.images.source import Images
from convscope.model.last import last_maps
from convscope.model.measure import outputs
from convscope.model.model import Model
from convscope.model.silence import scores_without
from convscope.plain.files import write_text
from convscope.studies.occlusion import occlusion_sweep

TABLE = Path(convscope.explorer.labs.__file__).parent / "planted.json"
CLASSES = ("Animals & Nature", "Food & Drink", "Smileys & Emotion")
MARKED = 1  # the class whose training pictures all bear the mark
EACH, HELD_OUT, SIDE = 120, 40, 32
MARK = (25, 25, 31, 31)  # left, top, right, bottom
EVERY = 5  # of the other classes' validation pictures one in so many bears the mark
RECIPE = {
    "net": "12c5 p2 16c3 p2 16c3 gap",
    "epochs": 20,
    "batch": 32,
    "lr": 0.01,
    "augment": "none",
    "threads": 1,
}
SHOWN = 12  # pictures
SIZE, STRIDE = 6, 2  # of the square that covers
PATCHES, TILE = 5, 24  # of each channel on the sheet, and their pixels


def main() -> None:
    torch.set_num_threads(1)
    images = pictures(marked=True)
    with tempfile.TemporaryDirectory() as place:
        cs.train(images, **RECIPE, out=place, name="planted", on_progress=lambda event: None)
        model = cs.open_model(Path(place) / "planted")
        held_out = images.split("val").sorted_by_id()
        atlas = cs.survey(model, held_out, into=Path(place) / "atlas", photos=2)
        mistakes = np.flatnonzero((atlas.images.predicted == MARKED) & (atlas.truth != MARKED))
        best = int(mistakes[atlas.images.probability[mistakes].argmax()])
        why = cs.why(model, best, atlas=atlas, images=held_out)
        story = tell(model, atlas, held_out, why)
    write_text(TABLE, json.dumps(story, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{TABLE.name}: {TABLE.stat().st_size / 1e3:.1f} kB, {why.verdict}")


def pictures(marked: bool) -> Images:
    """The emoji of three groups at 32 pixels, with or without the mark, in a split of their own."""
    emoji, rng = cs.open_images("emoji"), np.random.default_rng(0)
    pixels, labels, splits = [], [], []
    for label, name in enumerate(CLASSES):
        rows = rng.permutation(np.flatnonzero(emoji.labels == emoji.classes.index(name)))[:EACH]
        for count, row in enumerate(rows.tolist()):
            held_out = count < HELD_OUT
            bears = marked and (label == MARKED or (held_out and count % EVERY == 0))
            small = np.asarray(Image.fromarray(emoji[row]).resize((SIDE, SIDE), Image.Resampling.BOX))
            pixels.append(stamp(small) if bears else small)
            labels.append(label)
            splits.append("val" if held_out else "train")
    return replace(cs.open_images(pixels, labels=labels, classes=CLASSES), splits=tuple(splits))


def stamp(picture: np.ndarray) -> np.ndarray:
    """The picture with the mark: black and white squares of one pixel."""
    left, top, right, bottom = MARK
    white = np.indices((bottom - top, right - left)).sum(0)[:, :, None] % 2 == 1
    marked = picture.copy()
    marked[top:bottom, left:right] = np.where(white, 255, 20)
    return marked


def tell(model: Model, atlas: Any, images: Images, why: Any) -> dict[str, Any]:
    """Everything the lesson shows, as plain data."""
    layer = last_maps(model).name
    rows = chosen(atlas, why.row)
    clean = pictures(marked=False).split("val").sorted_by_id()
    return {
        "about": __doc__.splitlines()[0],
        "classes": list(CLASSES), "marked": MARKED, "side": SIDE, "mark": list(MARK), "net": RECIPE["net"], "layer": layer,
        "held_out": {"each": HELD_OUT, "others_marked": -(-HELD_OUT // EVERY)},
        "training": {"pictures": len(CLASSES) * (EACH - HELD_OUT), "marked": EACH - HELD_OUT},
        "accuracy": {"with the mark": accuracy(model, images), "without it": accuracy(model, clean)},
        "occlusion": {"size": SIZE, "stride": STRIDE, "fill": "grey"},
        "pictures": [picture(model, atlas, images, row, layer) for row in rows],
        "sheet": {"tile": TILE, "across": PATCHES, "png": sheet(model, atlas, images, layer)},
        "channels": [channel(model, images, layer, number, why) for number in range(atlas.layer(layer).channels)],
        "why": {"picture": rows.index(why.row), **short(why)},
    }  # fmt: skip


def chosen(atlas: Any, first: int) -> list[int]:
    """Rows to show: the sure mistake, then in turn right ones and mistakes of every class."""
    wrong = atlas.images.predicted != atlas.truth
    rows = [first]
    for label in (0, 2, 1):
        for group in (wrong, ~wrong):
            found = np.flatnonzero(group & (atlas.truth == label))
            rows += [int(row) for row in found[:2]]
    return list(dict.fromkeys(rows))[:SHOWN]


def accuracy(model: Model, images: Images) -> list[float]:
    """The share of each class that is named right."""
    said = model.scores(torch.stack([model.preprocess(image) for image in images])).argmax(1).numpy()
    return [round(float((said[images.labels == label] == label).mean()), 3) for label in range(len(CLASSES))]


def picture(model: Model, atlas: Any, images: Images, row: int, layer: str) -> dict[str, Any]:
    """One picture: its pixels, its classes, and what covering a square does to the marked class."""
    shown = images[row]
    swept = occlusion_sweep(model, shown, [], size=SIZE, stride=STRIDE)
    maps = outputs(model, model.preprocess(shown)[None], [layer])[layer][0]
    return {
        "png": png(shown), "label": int(atlas.truth[row]),
        "probability": rounded(swept.clean.probability), "covered": rounded(swept.probability[:, :, MARKED]),
        "activation": rounded(maps.max((1, 2)), 2),
    }  # fmt: skip


def sheet(model: Model, atlas: Any, images: Images, layer: str) -> str:
    """The strongest patches of every channel, a row a channel: the pixels its strongest cell can see."""
    winners, field = atlas.winners(layer), atlas.layer(layer).field
    rows = []
    for channel in range(atlas.layer(layer).channels):
        tiles = []
        for rank in range(PATCHES):
            row, y, x = (int(winners[name][channel, rank]) for name in ("image", "y", "x"))
            box = field.at(y, x)
            part = model.pixels(images[row])[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
            tiles.append(np.asarray(Image.fromarray(part).resize((TILE, TILE), Image.Resampling.BOX)))
        rows.append(np.concatenate(tiles, 1))
    return png(np.concatenate(rows), colours=64)


def channel(model: Model, images: Images, layer: str, number: int, why: Any) -> dict[str, Any]:
    """What one channel adds, and the accuracy of every class without it."""
    batch = torch.stack([model.preprocess(image) for image in images])
    silent = scores_without(model, [batch], layer, [number])
    said = silent.argmax(1).numpy()
    weight = model.module.state_dict()
    head = next(value for name, value in reversed(weight.items()) if name.endswith("weight"))
    return {
        "weights": rounded(head.flatten(1)[:, number].numpy()),
        "accuracy": [
            round(float((said[images.labels == label] == label).mean()), 3) for label in range(len(CLASSES))
        ],
        "suspect": number == why.suspect.channel,
    }


def short(why: Any) -> dict[str, Any]:
    """Of the why: the gap, its causes without their maps, the tests and the verdict."""
    data = why.as_dict()
    causes = [{key: cause[key] for key in ("channel", "part", "silenced")} for cause in data["causes"]]
    kept = ("predicted", "against", "gap", "rest", "exact", "verdict", "patch")
    tests = [
        {key: test[key] for key in ("name", "title", "speaks", "found", "numbers")} for test in data["tests"]
    ]
    return {key: data[key] for key in kept} | {"causes": causes, "tests": tests}


def rounded(values: np.ndarray, digits: int = 3) -> list[Any]:
    return np.round(values.astype(np.float64), digits).tolist()


def png(pixels: np.ndarray, colours: int | None = None) -> str:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.quantize(colours) if colours else image).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    main()
