"""The teaching path: its list of lessons, and each lesson with its lab."""

from collections.abc import Iterator

from convscope.atlas.read import Atlas
from convscope.errors import UnknownName
from convscope.explorer.labs.lessons import LESSONS
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site


def _write(site: Site, asked: Asked) -> str:
    return site.render("learn.html", 1, lessons=LESSONS)


def _write_lesson(site: Site, asked: Asked) -> str:
    key = asked.path["key"]
    if key not in LESSONS:
        raise UnknownName("lesson", key, LESSONS)
    lab = LESSONS[key].material(site.atlas)
    return site.render(f"learn-{key}.html", 2, lesson=LESSONS[key], lessons=LESSONS, lab=lab)


def _addresses(atlas: Atlas) -> Iterator[str]:
    return (lesson.page for lesson in LESSONS.values())


PAGE = Page("/learn/", _write, only("learn/"), nav="Learn")
LESSON = Page("/learn/{key}/", _write_lesson, _addresses)
