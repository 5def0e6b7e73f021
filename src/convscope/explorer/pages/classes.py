"""The classes of the images, and a page for each."""

from collections.abc import Iterator

from convscope.atlas.read import Atlas
from convscope.errors import UnknownName
from convscope.explorer import classes
from convscope.explorer.addresses import class_page
from convscope.explorer.excerpt import rows_in
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site


def _write(site: Site, asked: Asked) -> str:
    every = [classes.one_class(site.atlas, label) for label in range(len(site.atlas.image_classes))]
    return site.render("classes.html", 1, classes=every)


def _write_one(site: Site, asked: Asked) -> str:
    label, names = asked.path["label"], site.atlas.image_classes
    if label not in range(len(names)):
        raise UnknownName("class", label, map(str, range(len(names))))
    one = classes.one_class(site.atlas, label)
    return site.render(
        "class.html", 2, one=one, called=classes.called(site.atlas, one), shown=classes.IMAGES_SHOWN,
        taken_for=classes.taken_for(site.atlas, one), selective=classes.selective(site.atlas, label),
        published=set(rows_in(site.atlas).tolist()),
    )  # fmt: skip


def _addresses(atlas: Atlas) -> Iterator[str]:
    return (class_page(label) for label in range(len(atlas.image_classes)))


PAGE = Page("/class/", _write, only("class/"))
CLASS = Page("/class/{label:int}/", _write_one, _addresses)
