"""The teaching path: its lessons in order. The words of each stand in its template."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convscope.atlas.read import Atlas
from convscope.explorer.labs import stride
from convscope.explorer.labs.channels import channels_lab, rectified_lab
from convscope.explorer.labs.deconvnet import deconvnet_lab
from convscope.explorer.labs.field import field_lab
from convscope.explorer.labs.kernel import kernel_lab
from convscope.explorer.labs.occlusion import occlusion_lab
from convscope.explorer.labs.pixels import pixels_lab
from convscope.explorer.labs.pooling import pooling_lab
from convscope.explorer.labs.shortcut import shortcut_lab


@dataclass(frozen=True)
class Lesson:
    """One lesson: its place in the address, its title, a line about it, and what its lab works on."""

    key: str
    title: str
    line: str
    material: Callable[[Atlas], Any]

    @property
    def page(self) -> str:
        return f"learn/{self.key}/"


def _walks(atlas: Atlas) -> dict[str, Any]:
    crop, pixels = stride.pixel_row(atlas)
    seen = {"colours": stride.colours(pixels), "levels": stride.levels(pixels)}
    return {
        "crop": crop, **seen, "data": stride.walks() | seen,
        "opening": stride.walk(*stride.OPENING), "settings": stride.OPENING,
        "compared": [stride.walk(*settings) for settings in stride.COMPARED],
    }  # fmt: skip


def _rectified_and_pooled(atlas: Atlas) -> dict[str, Any]:
    return {"rectified": rectified_lab(atlas), "pool": pooling_lab(atlas), "measured": atlas.lessons}


LESSONS = {
    lesson.key: lesson
    for lesson in (
        Lesson("pixels", "A photo is numbers", "What a network is given, before anything is seen.", pixels_lab),
        Lesson("kernel", "One kernel slides", "Multiply, add, write down: the whole of a convolution.", kernel_lab),
        Lesson("stride-and-padding", "Stride and padding", "How far it steps, and what it does at the border.", _walks),
        Lesson("channels", "Three colours in, many maps out", "Each filter adds up all channels; each makes one map.", channels_lab),
        Lesson("pooling", "ReLU and pooling", "Keep what is positive, then the strongest of four.", _rectified_and_pooled),
        Lesson("receptive-field", "The receptive field", "How much of the picture one cell can see.", field_lab),
        Lesson("deconvnet", "Back down to the pixels", "The same way home, through the same switches.", deconvnet_lab),
        Lesson("occlusion", "Occlusion by hand", "Cover a part, and watch what the answer loses.", occlusion_lab),
        Lesson("shortcut", "The planted shortcut", "A network that cheats, and how to catch it.", shortcut_lab),
    )
}  # fmt: skip
# the labs that have an address of their own, without the lesson's question
LABS = {
    "convolution": LESSONS["kernel"],
    **{key: LESSONS[key] for key in ("pooling", "receptive-field", "deconvnet", "occlusion")},
}
