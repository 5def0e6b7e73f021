"""Can projections be read? Blinded match sheets for a viewer, and a matcher that needs no viewer, from the strips of an atlas.

    python benchmarks/legibility.py sheets ATLAS LAYER --into FOLDER [--count 100] [--seed 0]
    python benchmarks/legibility.py score FOLDER ANSWERS.txt
    python benchmarks/legibility.py match ATLAS [ATLAS ...] [--json FILE]

A question shows the nine projections of a channel and four rows, A to D, of nine patches of the same layer; one row is
the channel's own. Tiles are those of the atlas, at the size of a small strip. Right answers go to ``key.json``, which
the viewer does not open; answers are letters in the order of the questions. Chance is 25 of 100.
The matcher picks the row whose local orientations, place by place, correlate best with the projections'.
"""

import argparse
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from convscope.atlas import layout
from convscope.atlas.read import open_atlas

TILE, ROWS, A_PAGE = 64, 4, 6
ROUNDS = 20  # of drawing three other rows, in the matcher
CHANNELS = 60  # of a layer, in the matcher


def strips(atlas: Any, layer: str, most: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channels ``[n]`` with nine winners above zero and their patches and projections ``[n, 9, side, side, 3]``."""
    made = atlas.projected(layer).all(axis=1) & (atlas.numbers(layer)["value"] > 0).all(axis=1)
    chosen = np.sort(np.random.default_rng(seed).permutation(np.flatnonzero(made))[:most])
    found = []
    for channel in chosen:
        with Image.open(layout.strip_file(atlas.path, layer, int(channel))) as picture:
            rows = np.asarray(picture)
        side = len(rows) // 2
        found.append(rows.reshape(2, side, -1, side, 3).swapaxes(1, 2)[:, :9])
    both = np.stack(found)
    return chosen, both[:, 0], both[:, 1]


def row_of(tiles: np.ndarray) -> Image.Image:
    row = Image.fromarray(np.concatenate(list(tiles), axis=1))
    return row.resize((TILE * len(tiles), TILE), Image.Resampling.BICUBIC)


def make_sheets(atlas: Any, layer: str, into: Path, count: int, seed: int) -> None:
    """Pages of six questions each, and ``key.json``."""
    into.mkdir(parents=True, exist_ok=True)
    channels, patches, projections = strips(atlas, layer, count, seed)
    chance, key = np.random.default_rng(seed), []
    width, height, font = 9 * TILE + 24, (1 + ROWS) * (TILE + 2) + 12, ImageFont.load_default(16)
    order = chance.permutation(len(channels))
    for start in range(0, len(order), A_PAGE):
        page = Image.new("RGB", (2 * width, A_PAGE // 2 * height), "white")
        pen = ImageDraw.Draw(page)
        for place, own in enumerate(order[start : start + A_PAGE]):
            x, y = place % 2 * width, place // 2 * height
            others = chance.choice(np.delete(np.arange(len(channels)), own), ROWS - 1, replace=False)
            rows = chance.permutation([own, *others])
            pen.text((x + 2, y), str(start + place + 1), "red", font)
            page.paste(row_of(projections[own]), (x + 22, y + 2))
            for number, row in enumerate(rows):
                top = y + (number + 1) * (TILE + 2) + 6
                pen.text((x + 4, top + TILE // 3), "ABCD"[number], "black", font)
                page.paste(row_of(patches[row]), (x + 22, top))
            key.append({"channel": int(channels[own]), "right": "ABCD"[int(np.argmax(rows == own))]})
        page.save(into / f"page-{start // A_PAGE:02d}.png")
    (into / "key.json").write_text(json.dumps(key))
    print(f"{into}: {len(key)} questions about {layer}")


def score(folder: Path, answers: str) -> None:
    """Print how many of the answered questions are right."""
    key = json.loads((folder / "key.json").read_text())
    given = [letter for letter in answers.upper() if letter in "ABCD"]
    right = sum(letter == question["right"] for letter, question in zip(given, key, strict=False))
    print(f"{right} of {min(len(given), len(key))} right")


def orientations(tiles: np.ndarray) -> np.ndarray:
    """The local structure tensor of tiles ``[n, 9, side, side, 3]`` at eighths of a tile, centred, of unit length."""
    down, across = np.gradient(tiles.mean(axis=4), axis=(2, 3))
    tensor = np.stack([down * down, across * across, down * across], axis=-1)
    n, nine, side = tensor.shape[:3]
    cells = tensor.reshape(n, nine, 16, side // 16, 16, side // 16, 3).mean(axis=(3, 5)).reshape(n, nine, -1)
    cells -= cells.mean(axis=2, keepdims=True)
    return cells / np.maximum(np.linalg.norm(cells, axis=2, keepdims=True), 1e-9)


def match(atlas: Any, layer: str, seed: int = 0) -> dict[str, Any]:
    """How often the matcher finds a channel's patches among four rows."""
    _, patches, projections = strips(atlas, layer, CHANNELS, seed)
    alike = np.einsum("ind,jnd->ij", orientations(projections), orientations(patches)) / 9
    chance, right = np.random.default_rng(seed), []
    for own in np.repeat(np.arange(len(alike)), ROUNDS):
        others = chance.choice(np.delete(np.arange(len(alike)), own), ROWS - 1, replace=False)
        right.append(bool(alike[own, own] > alike[own, others].max()))
    about = atlas.layer(layer)
    return {
        "network": atlas.manifest["model"]["name"], "layer": layer, "lens": about.lens, "field": list(about.field.size),
        "tiles show": list(about.middle or about.field.size),
        "channels": len(alike), "questions": len(right), "right": round(float(np.mean(right)), 3),
    }  # fmt: skip


def match_all(paths: list[Path], file: Path | None) -> None:
    """Every layer of some atlases with enough projections."""
    rows = []
    for path in paths:
        atlas = open_atlas(path)
        for layer in atlas.layers:
            if atlas.projected(layer).all(axis=1).sum() >= 12:
                rows.append({"atlas": path.name} | match(atlas, layer))
                print(json.dumps(rows[-1]), flush=True)
    if file:
        about = {"machine": platform.machine(), "numpy": np.__version__}
        file.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    sheets = verbs.add_parser("sheets")
    sheets.add_argument("atlas", type=Path)
    sheets.add_argument("layer")
    sheets.add_argument("--into", type=Path, required=True)
    sheets.add_argument("--count", type=int, default=100)
    sheets.add_argument("--seed", type=int, default=0)
    scored = verbs.add_parser("score")
    scored.add_argument("folder", type=Path)
    scored.add_argument("answers", type=Path)
    matched = verbs.add_parser("match")
    matched.add_argument("atlas", type=Path, nargs="+")
    matched.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.verb == "sheets":
        make_sheets(open_atlas(asked.atlas), asked.layer, asked.into, asked.count, asked.seed)
    elif asked.verb == "score":
        score(asked.folder, asked.answers.read_text())
    else:
        match_all(asked.atlas, asked.json)


if __name__ == "__main__":
    main()
