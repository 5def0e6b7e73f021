"""Every page of the site: to add one is one file and one line here, and brings the contract tests with it."""

from collections.abc import Iterator

from convscope.atlas.read import Atlas
from convscope.explorer.page import Page
from convscope.explorer.pages import (
    about,
    classes,
    compare,
    data,
    diagnose,
    images,
    invariance,
    layer,
    layers,
    learn,
    likeness,
    loupe,
    network,
    search,
    stack,
    training,
    why,
)
from convscope.explorer.site import Site

# in the order of the head of each page
PAGES: tuple[Page, ...] = (
    loupe.PAGE, loupe.SCRIPT,
    network.PAGE, training.PAGE, invariance.PAGE,
    layers.PAGE, layer.PAGE, layer.PANELS, likeness.PAGE,
    images.PAGE, images.GROUP, images.SCRIPT, images.FIRES, *stack.PAGES,
    why.PAGE, why.OTHER, why.INDEX,
    search.PAGE, search.SCRIPT, diagnose.PAGE,
    classes.PAGE, classes.CLASS, compare.PAGE, compare.COLUMNS,
    learn.PAGE, learn.LESSON, learn.LAB,
    about.PAGE, *data.PAGES,
)  # fmt: skip


def make_site(atlas: Atlas, *, portable: bool = False, token: str = "") -> Site:
    """The site of an atlas, its pages linked in the head of each."""
    nav = {page.nav: next(iter(page.addresses(atlas))) for page in PAGES if page.nav}
    return Site(atlas, portable=portable, nav=nav, token=token)


def page_addresses(atlas: Atlas) -> Iterator[str]:
    """The address of every page of an atlas."""
    yield from (address for page in PAGES if page.media == "text/html" for address in page.addresses(atlas))


def script_addresses(atlas: Atlas) -> Iterator[str]:
    """The address of all other data: Loupe arrays, channel panels, stacks as scripts or pictures, and JSON."""
    yield from (address for page in PAGES if page.media != "text/html" for address in page.addresses(atlas))
