"""The explorer as an ASGI application: addresses to pages, behind the guard."""

import gzip
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from convscope.atlas.read import Atlas
from convscope.errors import ConvscopeError, UnknownName
from convscope.explorer.addresses import picture_file
from convscope.explorer.assets import assets
from convscope.explorer.guard import Guard, loopback_hosts
from convscope.explorer.live import live_routes
from convscope.explorer.page import Page
from convscope.explorer.pages import PAGES, make_site
from convscope.explorer.site import Asked, Site
from convscope.explorer.worker import Worker
from convscope.plain.wish import Answering

PORT = 8017
TYPES = {
    ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg",
}  # fmt: skip
# pictures may be looked at again for a minute; pages and scripts always tell of the atlas as it is now
BRIEFLY, NEVER = {"Cache-Control": "private, max-age=60"}, {"Cache-Control": "no-store"}
WORTH_PACKING = 1_400  # bytes: what fits into one packet anyway
log = logging.getLogger(__name__)


def create_app(
    atlas: Atlas,
    *,
    hosts: Iterable[str] = loopback_hosts(PORT),
    portable: bool = False,
    live: Mapping[str, Answering] | None = None,
) -> ASGIApp:
    """The pages of ``atlas`` for requests whose Host header is one of ``hosts``; GET and HEAD only.

    With ``live``, a table from kinds of answers to what makes them, pages may ask for more; a new token of 256
    bits is drawn for that, and stands in the pages.
    """
    token = secrets.token_hex(32) if live else ""
    site = make_site(atlas, portable=portable, token=token)

    def picture(request: Request) -> Response:
        address = request.url.path.lstrip("/")
        path = picture_file(atlas, address)
        if path is None or not path.is_file():
            raise HTTPException(404, f"The picture {address} is missing: `convscope survey RUN` makes it.")
        return FileResponse(path, media_type=TYPES[path.suffix], headers=BRIEFLY)

    routes = [Route(page.route, _endpoint(site, page)) for page in PAGES]
    routes += [
        Route("/static/{name}", _static),
        Route("/images/{name}", picture),
        Route("/layers/{address:path}", picture),
        Route("/control/{address:path}", picture),
    ]
    routes += live_routes(Worker(atlas, live)) if live else []
    handlers: dict[Any, Any] = {
        ConvscopeError: lambda request, error: _problem(site, request, error),
        HTTPException: lambda request, error: _problem(site, request, error),
        Exception: lambda request, error: _problem(site, request, error),
    }
    inside = Starlette(routes=routes, exception_handlers=handlers)
    return Guard(inside, hosts, token)


def _endpoint(site: Site, page: Page) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        written = page.write(site, Asked(request.path_params, request.query_params))
        if isinstance(written, bytes):  # a picture, packed already
            return Response(written, media_type=page.media, headers=NEVER)
        return _packed(request, written.encode(), page.media)

    return endpoint


def _packed(request: Request, body: bytes, media: str) -> Response:
    """A reply, gzipped where the browser takes that and it is worth it: a page of 512 channels is 330 KB of text."""
    if len(body) < WORTH_PACKING or "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(body, media_type=media, headers=NEVER)
    headers = {**NEVER, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(gzip.compress(body, 5, mtime=0), media_type=media, headers=headers)


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in assets():
        raise HTTPException(404, "The explorer has no such style sheet or script.")
    return _packed(request, assets()[name], TYPES[Path(name).suffix])


def _problem(site: Site, request: Request, error: Exception) -> Response:
    """What went wrong as a page: words for what we know, and no more than a log line for what we do not."""
    title, sentence, status = "Something broke", "The terminal that runs convscope says more.", 500
    if isinstance(error, UnknownName):
        title, sentence, status = "There is no such page", str(error), 404
    elif isinstance(error, HTTPException):
        unsaid = error.detail == HTTPStatus(error.status_code).phrase
        sentence = f"This atlas has no page {request.url.path}." if unsaid else error.detail
        title, status = "There is no such page", error.status_code
    elif isinstance(error, ConvscopeError):
        title, sentence = "A part of the atlas is missing", str(error)
    else:
        log.error("while answering %r", request.url.path, exc_info=error)
    text = site.problem(title, sentence, request.url.path.count("/") - 1)
    return HTMLResponse(text, status_code=status, headers=NEVER)
