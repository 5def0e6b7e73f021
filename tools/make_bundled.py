"""Rebuild the bundled image sets from the packages they come from.

    npm pack emoji-datasource-google@16.0.0 && tar xzf emoji-datasource-google-16.0.0.tgz
    apt-get download dataset-fashion-mnist && dpkg -x dataset-fashion-mnist_*.deb fashion
    python tools/make_bundled.py --emoji package --fashion fashion/usr/share/datasets/fashion-mnist

The same packages give the same pixels, ids and splits; prints what was made and its size.
"""

import argparse
import gzip
import hashlib
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convscope.images import Images, split_images
from convscope.images.bundled import DATA
from convscope.plain.files import write_bytes, write_text

FASHION_PER_CLASS = {"train": 1000, "t10k": 100}
FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

SKIN_TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}
HAIR = {"1F9B0", "1F9B1", "1F9B2", "1F9B3"}
SIGNS = {"2640", "2642"}  # female, male
ARROW = "27A1"  # "facing right": the mirrored picture
JOINER, AS_EMOJI = "200D", "FE0F"
SAME_PERSON = {
    "1F468": "person", "1F469": "person", "1F9D1": "person",  # man, woman, person
    "1F466": "child", "1F467": "child", "1F9D2": "child", "1F476": "child",  # boy, girl, child, baby
    "1F474": "elder", "1F475": "elder", "1F9D3": "elder",
    "1F934": "royal", "1F478": "royal", "1FAC5": "royal",  # prince, princess, person with crown
    "1F385": "santa", "1F936": "santa",
    "1F57A": "dancer", "1F483": "dancer",
    "1F930": "pregnant", "1FAC3": "pregnant", "1FAC4": "pregnant",
    "1F935": "wedding", "1F470": "wedding",  # tuxedo, veil
    "1F46F": "bunny-ears", "1F931": "feeding",
    "1F46B": "couple", "1F46C": "couple", "1F46D": "couple", "1F46A": "couple",
    "1F48F": "couple", "1F491": "couple",  # holding hands, family, kiss, couple with heart
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Rebuild the bundled image sets.")
    parser.add_argument("--emoji", type=Path, help="the unpacked npm package emoji-datasource-google 16.0.0")
    parser.add_argument("--fashion", type=Path, help="the folder with the four Fashion-MNIST idx.gz files")
    chosen = parser.parse_args()
    if chosen.emoji:
        make_emoji(chosen.emoji)
    if chosen.fashion:
        make_fashion(chosen.fashion)


def make_emoji(package: Path) -> None:
    entries = [
        entry
        for entry in json.loads((package / "emoji.json").read_text("utf-8"))
        if entry["has_img_google"] and entry["category"] != "Component"
    ]
    entries += _variants(entries)
    entries.sort(key=_id)
    pixels = np.stack([_on_white(package / "img/google/64" / entry["image"]) for entry in entries])
    classes = sorted({entry["category"] for entry in entries})
    labels = [classes.index(entry["category"]) for entry in entries]
    groups = _joined([_group(entry["unified"]) for entry in entries], pixels)
    ids = [_id(entry) for entry in entries]
    # finer than the classes, so that both sides hold clocks, hearts, fruits and sports
    kinds = [f"{entry['category']}/{entry['subcategory']}" for entry in entries]
    strata = sorted(set(kinds))
    images = Images("emoji", tuple(ids), np.array([strata.index(kind) for kind in kinds]), tuple(strata),
                    ("",) * len(ids), read=pixels.__getitem__, groups=tuple(groups))  # fmt: skip
    splits = split_images(images, val=0.2, seed=0).splits
    _write("emoji", "sheet.webp", pixels, 32, ids, labels, classes, splits, groups)


def _variants(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One skin tone, chosen by hash, of every emoji that has them."""
    chosen = []
    for entry in entries:
        variants = entry.get("skin_variations", {})
        tones = [tone for tone in SKIN_TONES if variants.get(tone, {}).get("has_img_google")]
        if tones:
            tone = min(tones, key=lambda tone: _hashed(entry["unified"] + tone))
            chosen.append({**entry, **variants[tone]})
    return chosen


def _group(unified: str) -> str:
    """One name for all skin-tone, gender, hair and direction variants of an emoji."""
    dropped = SKIN_TONES | HAIR | SIGNS | {JOINER, AS_EMOJI, ARROW}
    parts = unified.split("-")
    kept = [SAME_PERSON.get(part, part) for part in parts if part not in dropped] or parts
    people = [part for part in kept if part in ("person", "child", "elder", "couple")]
    # families, kisses, couples: every combination of people is one emoji
    if len(people) > 1 or people == ["couple"]:
        return "couple"
    return "santa" if kept == ["person", "1F384"] else "-".join(kept)


def _joined(groups: list[str], pixels: np.ndarray) -> list[str]:
    """Groups that share a picture become one: some flags are the same to the pixel."""
    first: dict[bytes, str] = {}
    same: dict[str, str] = {}
    for group, picture in zip(groups, pixels, strict=True):
        other = first.setdefault(picture.tobytes(), group)
        same[_end(same, group)] = _end(same, other)
    return [_end(same, group) for group in groups]


def _end(same: dict[str, str], group: str) -> str:
    while same.get(group, group) != group:
        group = same[group]
    return group


def _on_white(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        layer = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB"))


def _id(entry: dict[str, Any]) -> str:
    category = re.sub(r"[^a-z]+", "-", entry["category"].lower())
    return f"{category}/{entry['unified'].lower()}-{entry['short_name']}"


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_fashion(folder: Path) -> None:
    pixels, labels, ids, splits = [], [], [], []
    for file, per_class in FASHION_PER_CLASS.items():
        split = "train" if file == "train" else "test"
        images = _idx(folder / f"{file}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
        answers = _idx(folder / f"{file}-labels-idx1-ubyte.gz", 8)
        order = np.random.default_rng(0).permutation(len(answers))
        rows = np.sort(np.concatenate([order[answers[order] == label][:per_class] for label in range(10)]))
        pixels.append(images[rows])
        labels += answers[rows].tolist()
        ids += [f"{split}/{row:05d}" for row in rows]
        splits += [split] * len(rows)
    _write("fashion", "sheet.png", np.concatenate(pixels), 100, ids, labels, list(FASHION), splits, None)


def _idx(path: Path, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def _write(name: str, file: str, pixels: np.ndarray, columns: int, ids: list[str], labels: list[int],
           classes: list[str], splits: Any, groups: list[str] | None) -> None:  # fmt: skip
    folder = DATA / name
    sheet = io.BytesIO()
    options = {"lossless": True, "quality": 100, "method": 6} if file.endswith("webp") else {"optimize": True}
    _sheet(pixels, columns).save(sheet, Path(file).suffix[1:], **options)
    write_bytes(folder / file, sheet.getvalue())
    index = {
        "sheet": file, "side": pixels.shape[1], "pixels": hashlib.sha256(pixels.tobytes()).hexdigest(),
        "classes": classes, "ids": ids, "labels": labels, "splits": list(splits), "groups": groups,
    }  # fmt: skip
    write_text(folder / "index.json", json.dumps(index, separators=(",", ":"), ensure_ascii=False) + "\n")
    print(f"{name}: {len(ids)} images, {dict(Counter(splits))}, {len(set(groups or []))} groups")
    for label, category in enumerate(classes):
        here = Counter(split for split, one in zip(splits, labels, strict=True) if one == label)
        print(f"  {category}: {dict(here)}")
    print(
        f"  {file} {len(sheet.getvalue()):,} bytes, index.json {(folder / 'index.json').stat().st_size:,} bytes"
    )


def _sheet(pixels: np.ndarray, columns: int) -> Image.Image:
    count, side, _, channels = pixels.shape
    rows = -(-count // columns)
    tiles = np.full((rows * columns, side, side, channels), 255, np.uint8)
    tiles[:count] = pixels
    sheet = (
        tiles.reshape(rows, columns, side, side, channels)
        .swapaxes(1, 2)
        .reshape(rows * side, columns * side, channels)
    )
    return Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet)


if __name__ == "__main__":
    main()
