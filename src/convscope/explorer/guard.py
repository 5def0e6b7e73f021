"""What stands before every page: who may ask, how, and which headers every reply carries."""

import hmac
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# frame-ancestors is refused inside a <meta> element, so pages carry the first part and the server adds it
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types scope"
)
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
VERSIONS = ("1.0", "1.1", "2", "3")  # of HTTP; a server's parser may let any digits through
LIVE = "/live/"  # everything below computes, or takes bytes in
TOKEN = b"x-convscope-token"  # a header of its own, which no form and no other site's script can send
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


def loopback_hosts(port: int) -> frozenset[str]:
    """Every Host header that names this machine itself at ``port``.

    >>> sorted(loopback_hosts(8017))
    ['127.0.0.1:8017', '[::1]:8017', 'localhost:8017']
    """
    names = ("127.0.0.1", "localhost", "[::1]")
    bare = names if port == 80 else ()  # browsers leave out the default port
    return frozenset([*(f"{name}:{port}" for name in names), *bare])


class Guard:
    """Lets only GET and HEAD from a known Host through, and puts the security headers on every reply.

    Where a model is attached there is a ``token`` of this start: who has it may also POST, below ``/live/`` only,
    and nobody else may ask anything there. The pages carry it, and no other site can read our pages.

    The Host header is compared byte for byte before any routing: a page on another site that has its
    name resolve to 127.0.0.1 still sends its own name (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str = ""):
        self.app = app
        self.token = token.encode()
        self.hosts = {host.encode() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif (status := self.refusal(scope)) is not None:
            await _refuse(status, send)
        else:
            # parts of a file are asked by nobody who looks at pages, and many parts cost much
            headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
            await self.app({**scope, "headers": headers}, receive, _with_headers(send))

    def refusal(self, scope: Scope) -> int | None:
        """The status of the refusal, or None where the request may pass."""
        if scope.get("http_version", "1.1") not in VERSIONS:
            return 400
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return 421
        is_live = bool(self.token) and scope["path"].startswith(LIVE)
        if scope["method"] not in ("GET", "HEAD", "POST") or (scope["method"] == "POST" and not is_live):
            return 405
        # whoever says where it comes from must come from here; a sandboxed frame says "null"
        if any(origin != b"http://" + hosts[0] for origin in _values(scope, b"origin")):
            return 403
        if is_live and not self._has_token(scope):
            return 403
        # an absolute-form target ("GET http://other/ HTTP/1.1") would carry a second, unchecked host
        return None if scope["path"].startswith("/") else 400

    def _has_token(self, scope: Scope) -> bool:
        given = _values(scope, TOKEN)
        return len(given) == 1 and hmac.compare_digest(given[0], self.token)


def _values(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *RAW_HEADERS]}
        await send(message)

    return wrapped


async def _refuse(status: int, send: Send) -> None:
    extra = [(b"allow", b"GET, HEAD")] if status == 405 else []
    headers = [(b"content-length", b"0"), *extra, *RAW_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
