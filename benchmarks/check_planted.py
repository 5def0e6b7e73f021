"""How many planted faults `check` finds in photos that have none, and how many clean photos it accuses.

    python benchmarks/check_planted.py FOLDER [FOLDER ...] [--faults 300] [--seed 0] [--json FILE]

From each folder of class folders clean photos are copied to a temporary one; 300 faults are planted in
further copies: files with the same bytes or pixels, re-encoded, resized, cropped by 5 % (off-centre, or on
every side), mirrored, lit otherwise, several of these at once, one picture under two labels, damaged files.
What `check` reports on the same photos before planting counts as a false alarm, unless it is named with
--known: real copies that the folder has (looked at by eye).
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image, ImageEnhance
from PIL.Image import Transpose

from convscope.check.findings import Findings
from convscope.check.run import check

Chance = np.random.Generator
SUFFIXES = (".jpg", ".jpeg", ".png")


def reencode(photo: Image.Image, chance: Chance) -> Image.Image:
    """JPEG at any usual quality."""
    file = BytesIO()
    photo.save(file, "JPEG", quality=int(chance.integers(40, 96)))
    return Image.open(file)


def resize(photo: Image.Image, chance: Chance) -> Image.Image:
    scale = chance.uniform(0.4, 1.8)
    return photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.BICUBIC)


def crop(photo: Image.Image, chance: Chance) -> Image.Image:
    """5 % of the width and height, from one side or both."""
    left, top = chance.uniform(0, 0.05, 2)
    box = (left * photo.width, top * photo.height, (0.95 + left) * photo.width, (0.95 + top) * photo.height)
    return photo.crop(tuple(round(edge) for edge in box))


def crop_all_round(photo: Image.Image, chance: Chance) -> Image.Image:
    """5 % of the width and height from every side."""
    x, y = round(0.05 * photo.width), round(0.05 * photo.height)
    return photo.crop((x, y, photo.width - x, photo.height - y))


def mirror(photo: Image.Image, chance: Chance) -> Image.Image:
    return photo.transpose(Transpose.FLIP_LEFT_RIGHT)


def relight(photo: Image.Image, chance: Chance) -> Image.Image:
    return ImageEnhance.Brightness(photo).enhance(chance.choice([0.85, 0.9, 1.1, 1.15]))


def several(photo: Image.Image, chance: Chance) -> Image.Image:
    for change in (crop, resize, relight, reencode):
        photo = change(photo, chance)
    return photo


NEAR: dict[str, Callable[[Image.Image, Chance], Image.Image]] = {
    "re-encoded": reencode, "resized": resize, "cropped 5 %": crop, "cropped 5 % all round": crop_all_round,
    "mirrored": mirror, "lit otherwise": relight, "several at once": several,
}  # fmt: skip
EXACT = ("same bytes", "same pixels", "same picture, two labels")
DAMAGE = ("truncated", "no image", "empty")


@dataclass(frozen=True)
class Fault:
    """What was planted: which kind, as which file, from which photo ("" for damaged ones)."""

    kind: str
    path: str
    source: str


def plant(root: Path, photos: list[str], faults: int, chance: Chance) -> list[Fault]:
    """Files with faults beside the photos; each kind equally often."""
    kinds = [*NEAR, *EXACT, *DAMAGE]
    sources = chance.permutation(len(photos))
    planted = []
    for number in range(faults):
        kind, source = kinds[number % len(kinds)], photos[sources[number % len(photos)]]
        planted.append(_plant_one(root, kind, source, number, chance))
    return planted


def _plant_one(root: Path, kind: str, source: str, number: int, chance: Chance) -> Fault:
    folder = source.split("/")[0]
    if kind == "same picture, two labels":
        folder = str(chance.choice([one.name for one in root.iterdir() if one.name != folder]))
    data = (root / source).read_bytes()
    name = f"{folder}/planted-{number:03d}"
    if kind in NEAR:
        with Image.open(BytesIO(data)) as photo:
            NEAR[kind](photo.convert("RGB"), chance).convert("RGB").save(root / f"{name}.jpg", quality=85)
        return Fault(kind, f"{name}.jpg", source)
    if kind == "same pixels":
        with Image.open(BytesIO(data)) as photo:
            photo.save(root / f"{name}.png")
        return Fault(kind, f"{name}.png", source)
    changed = {
        "truncated": data[: int(len(data) * chance.uniform(0.3, 0.95))],
        "no image": chance.bytes(999),
        "empty": b"",
    }
    (root / f"{name}.jpg").write_bytes(changed.get(kind, data))
    return Fault(kind, f"{name}.jpg", source if kind in EXACT else "")


def found(fault: Fault, findings: Findings) -> bool:
    """Whether a finding of the right kind says it."""
    if fault.kind in DAMAGE:
        return fault.path in getattr(findings.of("unreadable"), "images", ())
    if fault.kind in NEAR:
        kinds = ("near duplicate", "near label conflict", "near leak")
    else:
        kinds = ("label conflict",) if fault.kind.endswith("labels") else ("duplicate", "label conflict")
    groups = [group for kind in kinds if (one := findings.of(kind)) for group in one.groups]
    return any(fault.path in group and fault.source in group for group in groups)


def clean_copies(folder: Path, root: Path) -> list[str]:
    """The photos below class folders (of any split), copied without their splits; paths below ``root``."""
    names = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.casefold() in SUFFIXES:
            parts = path.relative_to(folder).parts
            name = f"{path.parent.name}/{'-'.join(parts[:-2] + parts[-1:])}"
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, root / name)
            names.append(name)
    return names


def accused(findings: Findings, known: set[str]) -> list[tuple[str, str]]:
    """(kind, image) of every clean image that is said to be damaged or a copy."""
    kinds = ("unreadable", "too large", "duplicate", "leak", "label conflict")
    said = [
        (one.kind, group)
        for one in findings
        if one.kind.removeprefix("near ") in kinds
        for group in one.groups
    ]
    return sorted({(kind, name) for kind, group in said if not known.issuperset(group) for name in group})


def share(by_kind: Mapping[str, Counter[str]], kinds: Iterable[str]) -> float:
    counts = [by_kind[kind] for kind in kinds]
    return sum(one["found"] for one in counts) / max(sum(one.total() for one in counts), 1)


def measure(folder: Path, faults: int, seed: int, known: set[str]) -> dict[str, Any]:
    """Plant, check, count: one row of the result."""
    chance = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        photos = clean_copies(folder, root)
        began = time.process_time()
        false = accused(check(root), known)
        seconds = time.process_time() - began
        planted = plant(root, photos, faults, chance)
        findings = check(root)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for fault in planted:
        by_kind[fault.kind]["found" if found(fault, findings) else "missed"] += 1
    return {
        "folder": folder.name, "seed": seed, "clean": len(photos), "planted": len(planted),
        "exact_found": share(by_kind, EXACT), "damaged_found": share(by_kind, DAMAGE), "near_found": share(by_kind, NEAR),
        "near": {kind: f"{by_kind[kind]['found']}/{by_kind[kind].total()}" for kind in NEAR},
        "falsely_accused": len({name for _, name in false}),
        "false_alarms": len({name for _, name in false}) / len(photos),
        "accused": [f"{kind}: {name}" for kind, name in false[:20]],
        "cpu_seconds_for_clean": round(seconds, 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds, from 0 on")
    parser.add_argument("--known", nargs="*", default=[], help="images that really are copies, CLASS/FILE")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    os.environ["CONVSCOPE_CACHE"] = "off"
    rows = []
    for folder in asked.folders:
        for seed in range(asked.seeds):
            row = measure(folder, asked.faults, seed, set(asked.known))
            rows.append(row)
            print(
                f"{row['folder']:16} seed {seed}: exact {row['exact_found']:.1%}, damaged {row['damaged_found']:.1%}, "
                f"near {row['near_found']:.1%}, falsely accused {row['falsely_accused']} of {row['clean']} ({row['false_alarms']:.2%})"
                f", {row['cpu_seconds_for_clean']} s CPU"
            )
    if asked.json:
        about = {"machine": platform.processor() or platform.machine(), "numpy": np.__version__, "pillow": PIL.__version__, "date": time.strftime("%Y-%m-%d")}  # fmt: skip
        asked.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
