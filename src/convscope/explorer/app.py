"""The explorer as an ASGI application: addresses to pages, behind the guard."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from convscope.atlas.read import Atlas
from convscope.errors import ConvscopeError, UnknownName
from convscope.explorer.addresses import picture_file, statics
from convscope.explorer.guard import Guard, loopback_hosts
from convscope.explorer.pages import Pages

PORT = 8017
TYPES = {
    ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg",
}  # fmt: skip
# pictures may be looked at again for a minute; pages and scripts always tell of the atlas as it is now
BRIEFLY, NEVER = {"Cache-Control": "private, max-age=60"}, {"Cache-Control": "no-store"}
log = logging.getLogger(__name__)


def create_app(
    atlas: Atlas, *, hosts: Iterable[str] = loopback_hosts(PORT), portable: bool = False
) -> ASGIApp:
    """The pages of ``atlas`` for requests whose Host header is one of ``hosts``; GET and HEAD only."""
    pages = Pages(atlas, portable=portable)

    def layer(request: Request) -> str:
        return pages.layer(request.path_params["folder"], request.query_params.get("c"))

    def picture(request: Request) -> Response:
        address = request.url.path.lstrip("/")
        path = picture_file(atlas, address)
        if path is None or not path.is_file():
            raise HTTPException(404, f"The picture {address} is missing: `convscope survey RUN` makes it.")
        return FileResponse(path, media_type=TYPES[path.suffix], headers=BRIEFLY)

    routes = {
        "/": _page(lambda request: pages.loupe()),
        "/layer/": _page(lambda request: pages.layers()),
        "/layer/{folder}/": _page(layer),
        "/layer/{folder}/panels/{shard:int}.js": _script(lambda request: pages.panels(**request.path_params)),
        "/loupe/{chosen:int}/{folder}.js": _script(lambda request: pages.loupe_script(**request.path_params)),
        "/images/": _page(lambda request: pages.gallery()),
        "/images/{group}/{number:int}/": _page(lambda request: pages.gallery(**request.path_params)),
        "/learn/": _page(lambda request: pages.learn()),
        "/learn/{key}/": _page(lambda request: pages.lesson(request.path_params["key"])),
        "/about/": _page(lambda request: pages.about()),
        "/static/{name}": _static,
        "/images/{name}": picture,
        "/layers/{address:path}": picture,
    }
    handlers: dict[Any, Any] = {
        ConvscopeError: lambda request, error: _problem(pages, request, error),
        HTTPException: lambda request, error: _problem(pages, request, error),
        Exception: lambda request, error: _problem(pages, request, error),
    }
    inside = Starlette(routes=[Route(*route) for route in routes.items()], exception_handlers=handlers)
    return Guard(inside, hosts)


def _page(render: Callable[[Request], str]) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        return HTMLResponse(render(request), headers=NEVER)

    return endpoint


def _script(render: Callable[[Request], str]) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        return Response(render(request), media_type=TYPES[".js"], headers=NEVER)

    return endpoint


def _static(request: Request) -> Response:
    path = statics().get(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "The explorer has no such style sheet or script.")
    return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=NEVER)


def _problem(pages: Pages, request: Request, error: Exception) -> Response:
    """What went wrong as a page: words for what we know, and no more than a log line for what we do not."""
    title, sentence, status = "Something broke", "The terminal that runs convscope says more.", 500
    if isinstance(error, UnknownName):
        title, sentence, status = "There is no such page", str(error), 404
    elif isinstance(error, HTTPException):
        title, sentence, status = "There is no such page", error.detail, error.status_code
    elif isinstance(error, ConvscopeError):
        title, sentence = "A part of the atlas is missing", str(error)
    else:
        log.error("while answering %r", request.url.path, exc_info=error)
    text = pages.problem(title, sentence, request.url.path.count("/") - 1)
    return HTMLResponse(text, status_code=status, headers=NEVER)
