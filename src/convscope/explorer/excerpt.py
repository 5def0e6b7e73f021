"""What is published of an atlas: the settings, and an atlas of which only a part is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convscope.atlas.read import Atlas
from convscope.errors import BadSpec


@dataclass(frozen=True)
class Excerpt:
    """What to publish of an atlas: by default all of it. Raises BadSpec.

    Parameters
    ----------
    layers
        Only these layers, comma-separated.
    top
        Only this many channels of each layer: those that prefer one class most, dead ones last; of images without
        labels those with the largest maximum.
    profile
        "lesson" is small enough to hand out (less than 15 MB): a dozen images, few layers, and of each the channels
        that the Loupe shows most often.
    patches
        Publish what images look like. Without: projections and numbers only, no patch, photograph, thumbnail or map.
    """

    layers: str = ""
    top: int | None = None
    profile: Literal["all", "lesson"] = "all"
    patches: bool = True

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 1:
            raise BadSpec(
                f"top = {self.top}: of each layer at least 1 channel is published. Leave it out for all."
            )
        if self.profile not in ("all", "lesson"):
            raise BadSpec(f"profile = {self.profile!r}: it is all or lesson.")
        if self.profile == "lesson" and not self.patches:
            raise BadSpec(
                "profile = 'lesson' without patches: lessons are about photographs. Leave out one of them."
            )

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self == Excerpt()


@dataclass(frozen=True, eq=False)
class Kept:
    """What is left of an atlas: channels by layer, rows of images, whether images are shown; and what it had."""

    channels: Mapping[str, np.ndarray]
    rows: np.ndarray
    patches: bool
    had_layers: int
    had_channels: int
    had_images: int

    @property
    def words(self) -> str:
        """What every page says of itself.

        >>> Kept({"a": np.arange(8)}, np.arange(3), False, 2, 40, 3).words
        'Published: 1 of 2 layers, 8 of 40 channels, 3 of 3 images; what images look like is left out.'
        """
        channels = sum(map(len, self.channels.values()))
        counts = (
            (len(self.channels), self.had_layers, "layers"), (channels, self.had_channels, "channels"),
            (len(self.rows), self.had_images, "images"),
        )  # fmt: skip
        said = ", ".join(f"{some:,} of {all_of:,} {what}" for some, all_of, what in counts)
        return f"Published: {said}{'' if self.patches else '; what images look like is left out'}."


class Cut(Atlas):
    """An atlas cut down to be published: layers are left out of its manifest, channels and rows keep their numbers."""

    def __init__(self, path: Path, manifest: dict[str, Any], kept: Kept):
        super().__init__(path, manifest)
        self.kept = kept


def kept_of(atlas: Atlas) -> Kept | None:
    """What is left of an atlas; None where it is whole."""
    return atlas.kept if isinstance(atlas, Cut) else None


def channels_in(atlas: Atlas, layer: str) -> np.ndarray:
    """The channels of a layer that are shown, in order."""
    kept = kept_of(atlas)
    return np.arange(atlas.layers[layer].channels) if kept is None else kept.channels[layer]


def rows_in(atlas: Atlas) -> np.ndarray:
    """The rows of images that are shown, in order."""
    kept = kept_of(atlas)
    return np.arange(len(atlas.images)) if kept is None else kept.rows


def is_in(atlas: Atlas, layer: str, channel: int) -> bool:
    """Whether a channel is shown."""
    kept = kept_of(atlas)
    return layer in atlas.layers and (kept is None or bool(np.isin(channel, kept.channels[layer])))


def shows_images(atlas: Atlas) -> bool:
    """Whether it may be seen what images look like."""
    kept = kept_of(atlas)
    return kept is None or kept.patches
