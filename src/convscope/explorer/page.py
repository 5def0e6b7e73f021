"""What one kind of page is: where it lies, which addresses it has, and how it is written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from convscope.atlas.read import Atlas
from convscope.explorer.site import Asked, Site


@dataclass(frozen=True)
class Page:
    """A row of the table ``pages.PAGES``.

    ``route`` is a Starlette path; ``write`` gives the text, or the bytes of a picture, and raises UnknownName where
    it is asked for what is not there, BadAtlas where a file is missing or damaged; ``addresses`` names every page of this kind that an
    atlas has (for the published site; without the leading slash); ``nav`` is its word in the head of all pages.
    """

    route: str
    write: Callable[[Site, Asked], str | bytes]
    addresses: Callable[[Atlas], Iterable[str]]
    nav: str | None = None
    media: Literal["text/html", "text/javascript", "application/json", "image/png"] = "text/html"


def only(address: str) -> Callable[[Atlas], Iterable[str]]:
    """The addresses of a page that every atlas has once.

    >>> only("about/")(...)
    ('about/',)
    """
    return lambda atlas: (address,)
