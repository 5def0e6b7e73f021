"""The teaching path: its list of lessons, each lesson with its lab, and five labs alone."""

from collections.abc import Iterator

from convscope.atlas.read import Atlas
from convscope.errors import UnknownName
from convscope.explorer.labs.lessons import LABS, LESSONS, Lesson
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site


def _write(site: Site, asked: Asked) -> str:
    return site.render("learn.html", 1, lessons=LESSONS, labs=LABS)


def _write_lesson(site: Site, asked: Asked) -> str:
    key = asked.path["key"]
    if key not in LESSONS:
        raise UnknownName("lesson", key, LESSONS)
    return _lesson(site, LESSONS[key])


def _write_lab(site: Site, asked: Asked) -> str:
    key = asked.path["key"]
    if key not in LABS:
        raise UnknownName("lab", key, LABS)
    return _lesson(site, LABS[key], alone=True)


def _lesson(site: Site, lesson: Lesson, *, alone: bool = False) -> str:
    """A lesson, or its lab alone: no question, no answer."""
    template, lab = f"learn-{lesson.key}.html", lesson.material(site.atlas)
    return site.render(template, 2, lesson=lesson, lessons=LESSONS, lab=lab, alone=alone)


def _addresses(atlas: Atlas) -> Iterator[str]:
    return (lesson.page for lesson in LESSONS.values())


PAGE = Page("/learn/", _write, only("learn/"), nav="Learn")
LESSON = Page("/learn/{key}/", _write_lesson, _addresses)
LAB = Page("/lab/{key}/", _write_lab, lambda atlas: (f"lab/{key}/" for key in LABS))
