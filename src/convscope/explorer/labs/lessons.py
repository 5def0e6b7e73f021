"""The teaching path: its lessons in order. The words of each stand in its template."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convscope.atlas.read import Atlas
from convscope.explorer.labs import stride
from convscope.explorer.labs.field import field_lab
from convscope.explorer.labs.kernel import kernel_lab
from convscope.explorer.labs.pooling import pooling_lab


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
    crop, colours = stride.pixel_row(atlas)
    return {
        "crop": crop, "colours": colours, "data": stride.walks() | {"colours": colours},
        "opening": stride.walk(*stride.OPENING), "settings": stride.OPENING,
        "compared": [stride.walk(*settings) for settings in stride.COMPARED],
    }  # fmt: skip


LESSONS = {
    lesson.key: lesson
    for lesson in (
        Lesson("kernel", "One kernel slides", "Multiply, add, write down: the whole of a convolution.", kernel_lab),
        Lesson("stride-and-padding", "Stride and padding", "How far it steps, and what it does at the border.", _walks),
        Lesson("pooling", "Pooling", "Keep the strongest of four, and forget a little of where it was.", pooling_lab),
        Lesson("receptive-field", "The receptive field", "How much of the picture one cell can see.", field_lab),
    )
}  # fmt: skip
