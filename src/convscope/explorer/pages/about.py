"""What is known about the atlas, and what it lacks."""

from convscope.explorer.about import facts
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site


def _write(site: Site, asked: Asked) -> str:
    return site.render("about.html", 1, sections=facts(site.atlas), unfinished=list(site.unfinished()))


PAGE = Page("/about/", _write, only("about/"), nav="About")
