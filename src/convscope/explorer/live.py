"""What a page may ask of a live model: wishes, how they fare, and pictures of the user's own."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import fields
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from convscope.atlas.picture import forget_upload, keep_upload
from convscope.errors import BadImages, ConvscopeError, UnknownName
from convscope.explorer.addresses import image_page
from convscope.explorer.guard import LIVE
from convscope.explorer.worker import Full, Job, Worker
from convscope.images.decode import decode
from convscope.plain.wish import Wish

LARGEST_WISH = 4096  # bytes
LARGEST_PICTURE = 32_000_000
SECONDS = 30.0  # for a whole body to arrive
AT_ONCE = 4  # pictures
NEVER = {"Cache-Control": "no-store"}
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def live_routes(worker: Worker) -> list[Route]:
    """Everything below ``/live/``; the guard lets nobody in here without the token of this start."""
    arriving: set[Request] = set()

    async def wish(request: Request) -> Response:
        asked = _read_wish(await body(request, LARGEST_WISH))
        if asked.kind not in worker.kinds:
            raise HTTPException(400, f"no such kind of answer; there are {', '.join(worker.kinds)}.")
        try:
            return _json(worker.ask(asked).as_dict(), 202)
        except Full:
            raise HTTPException(429, "So many answers are being made already: wait for one.") from None

    async def job(request: Request) -> Response:
        return _json(_find(worker, request).as_dict())

    async def cancel(request: Request) -> Response:
        found = _find(worker, request)
        worker.cancel(found)
        return _json(found.as_dict())

    async def picture(request: Request) -> Response:
        if len(arriving) >= AT_ONCE:
            raise HTTPException(429, "So many pictures are arriving already: wait for one.")
        arriving.add(request)
        try:
            data = await body(request, LARGEST_PICTURE)
            kept = await asyncio.to_thread(lambda: keep_upload(worker.atlas, decode(data)))
        except BadImages as error:
            raise HTTPException(415, f"That picture cannot be used: {error}.") from error
        finally:
            arriving.discard(request)
        return _json({"image": kept.key, "page": image_page(kept.key)}, 201)

    async def forget(request: Request) -> Response:
        key = request.path_params["key"]
        await asyncio.to_thread(
            worker.let_go, key
        )  # what is being made of it would be written after it is gone
        await asyncio.to_thread(forget_upload, worker.atlas, key)
        return _json({"page": "images/"})

    return [
        Route(f"{LIVE}wish", _plainly(wish), methods=["POST"]),
        Route(f"{LIVE}job/{{id}}", _plainly(job), methods=["GET"]),
        Route(f"{LIVE}job/{{id}}/cancel", _plainly(cancel), methods=["POST"]),
        Route(f"{LIVE}picture", _plainly(picture), methods=["POST"]),
        Route(f"{LIVE}picture/{{key}}/forget", _plainly(forget), methods=["POST"]),
    ]


async def body(request: Request, largest: int, seconds: float = SECONDS) -> bytes:
    """The body of a request, counted while it arrives whatever its head says of its length."""
    read = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                read += part
                if len(read) > largest:
                    raise HTTPException(413, f"At most {largest:,} bytes are taken.")
    except TimeoutError:
        raise HTTPException(408, f"Nothing is waited for longer than {seconds:g} seconds.") from None
    return bytes(read)


def _read_wish(data: bytes) -> Wish:
    """A wish from JSON: short texts under known names, and nothing else."""
    known = {field.name for field in fields(Wish)}
    try:
        said = json.loads(data)
        if said.keys() <= known and all(
            isinstance(value, str) and len(value) <= 500 for value in said.values()
        ):
            return Wish(**said)
    except (ValueError, AttributeError, TypeError, RecursionError):
        pass
    raise HTTPException(400, f"a wish is JSON with texts under {', '.join(sorted(known))}.")


def _find(worker: Worker, request: Request) -> Job:
    found = worker.jobs.get(request.path_params["id"])
    if found is None:
        raise HTTPException(404, "No such answer is being made; it may be long done.")
    return found


def _plainly(endpoint: Endpoint) -> Endpoint:
    """What goes wrong as JSON with one sentence, not as a page."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HTTPException as error:
            return _json({"words": error.detail}, error.status_code)
        except ConvscopeError as error:
            return _json({"words": str(error)}, 404 if isinstance(error, UnknownName) else 500)
        except ClientDisconnect:
            return Response(status_code=400, headers=NEVER)

    return answer


def _json(data: Any, status: int = 200) -> Response:
    return JSONResponse(data, status_code=status, headers=NEVER)
