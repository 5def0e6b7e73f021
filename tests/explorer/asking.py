"""Asks an ASGI application directly, with every byte of the request in the test's hands."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

HOST = b"127.0.0.1:8017"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    app: Any,
    path: str,
    *,
    query: str = "",
    method: str = "GET",
    hosts: tuple[bytes, ...] = (HOST,),
    headers: Iterable[tuple[bytes, bytes]] = (),
    parts: Iterable[bytes | None] = (b"",),
) -> Reply:
    """One request; ``hosts`` are its Host headers, as raw bytes, ``parts`` its body as it arrives;
    after None nothing more comes."""
    sent: list[dict[str, Any]] = []
    body = list(parts)

    async def receive() -> dict[str, Any]:
        if not body or body[0] is None:
            await asyncio.Event().wait()  # the client stays on the line
        return {"type": "http.request", "body": body.pop(0), "more_body": bool(body)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [*((b"host", host) for host in hosts), *headers], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8017),
    }  # fmt: skip
    with ThreadPoolExecutor(1) as aside:  # a browser's driver keeps a loop running in this thread
        aside.submit(asyncio.run, app(scope, receive, send)).result()
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:]))
