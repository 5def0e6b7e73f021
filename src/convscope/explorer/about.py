"""What is known about an atlas, as headings and rows of words."""

from collections.abc import Mapping
from typing import Any

from convscope.atlas.read import Atlas

Rows = list[tuple[str, str]]
MODEL = {
    "name": "name", "net": "network", "parameters": "parameters", "classes": "classes", "height": "input height",
    "width": "input width", "channels": "input channels", "fit": "how images are fitted", "mean": "mean",
    "std": "standard deviation", "output": "output layer", "id": "identity", "notes": "notes",
}  # fmt: skip
IMAGES = {
    "name": "name", "count": "images scanned", "found": "images found", "split": "split", "digest": "identity",
    "notes": "notes",
}  # fmt: skip


def facts(atlas: Atlas) -> dict[str, Rows]:
    """Sections of (word, value): model, images, survey, how it was made."""
    manifest = atlas.manifest
    return {
        "The network": rows(manifest["model"], MODEL),
        "The images": rows(manifest["images"], IMAGES),
        "The survey": rows(manifest["survey"]),
        "How it was made": rows(manifest.get("provenance", {})),
    }


def rows(entries: Mapping[str, Any], words_for: Mapping[str, str] | None = None) -> Rows:
    """The entries that are there, under plain words where they are given."""
    names = words_for or {key: str(key).replace("_", " ") for key in entries}
    found = ((names[key], entries.get(key)) for key in names)
    return [(name, words(value)) for name, value in found if value not in (None, "", [], {})]


def words(value: Any) -> str:
    """Plain data as people read it.

    >>> words({"how": "pad", "fill": 255, "resize": None}), words([1, 2]), words(True), words(1234567)
    ('how pad, fill 255', '1, 2', 'yes', '1\u2009234\u2009567')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(entry)}" for key, entry in value.items() if entry is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(words, value))
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u2009" if value >= 10_000 else "")
    return f"{value:.4g}" if isinstance(value, float) else str(value)
