"""The lab of the planted shortcut: a network of its own, trained on marked pictures; ``planted.json`` tells of it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from convscope.atlas.read import Atlas
from convscope.explorer.labs.planes import Planes

PLANTED = Path(__file__).with_name("planted.json")
SHOWN = (0, 3)  # a marked picture that is misread, and one without the mark that is read rightly


@dataclass(frozen=True, eq=False)
class Covered:
    """One picture under a square, place after place: per cent of the marked class ``[rows, columns]``; ``png`` is base64."""

    png: str
    label: str
    said: str
    share: int
    planes: Planes


@dataclass(frozen=True, eq=False)
class ShortcutLab:
    """``told`` is the file as it stands; ``covered`` are the pictures to cover by hand."""

    told: dict[str, Any]
    covered: tuple[Covered, ...]

    @property
    def marked(self) -> str:
        return self.told["classes"][self.told["marked"]]

    @property
    def suspect(self) -> int:
        """The channel that looks at the mark."""
        return next(at for at, channel in enumerate(self.told["channels"]) if channel["suspect"])


@cache
def told() -> dict[str, Any]:
    """The planted story, read once."""
    return json.loads(PLANTED.read_text("utf-8"))


def shortcut_lab(atlas: Atlas) -> ShortcutLab:
    """The same for every atlas: what is planted is known, which no user's own shortcut is."""
    story = told()
    return ShortcutLab(story, tuple(_covered(story, story["pictures"][at]) for at in SHOWN))


def _covered(story: dict[str, Any], picture: dict[str, Any]) -> Covered:
    share = np.rint(100 * np.array(picture["covered"])).astype(int)
    planes = Planes(({"covered": share},), (0, 0), {"picture": story["occlusion"]["stride"]}, 100)
    said = story["classes"][int(np.argmax(picture["probability"]))]
    own = round(100 * picture["probability"][story["marked"]])
    return Covered(picture["png"], story["classes"][picture["label"]], said, own, planes)
