"""Serving an atlas on loopback until told to stop."""

import signal
import socket
import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from convscope.atlas.read import open_atlas
from convscope.errors import BadOutput
from convscope.explorer.app import PORT, create_app
from convscope.explorer.guard import loopback_hosts
from convscope.plain.wish import Answering

LOOPBACK = "127.0.0.1"
TRIES = 50


def serve(
    atlas: str | Path,
    *,
    port: int | None = None,
    open_browser: bool = False,
    live: Mapping[str, Answering] | None = None,
) -> None:
    """Serve an atlas or run folder on 127.0.0.1 until SIGINT or SIGTERM; prints one line with the URL.

    ``live`` answers what the atlas does not hold. Without ``port`` the first free one from 8017 is taken. Raises BadOutput where the port asked for
    is taken, and BadAtlas where there is no atlas.
    """
    opened = open_atlas(atlas)
    with listen(port) as listening:
        taken = listening.getsockname()[1]
        server = make_server(create_app(opened, hosts=loopback_hosts(taken), live=live))
        with _stopped_by_signals(server):
            # the socket listens already: whoever asks before the loop turns waits a few milliseconds
            print(f"convscope explorer: http://{LOOPBACK}:{taken}/ (Ctrl-C stops it)", flush=True)
            if open_browser:
                webbrowser.open(f"http://{LOOPBACK}:{taken}/")
            server.run(sockets=[listening])


def make_server(app: ASGIApp) -> uvicorn.Server:
    """A quiet HTTP server for ``app``; h11 refuses malformed and repeated Host headers."""
    settings = uvicorn.Config(
        app, http="h11", ws="none", lifespan="off", log_level="critical", access_log=False,
        server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    return uvicorn.Server(settings)


def listen(port: int | None) -> socket.socket:
    """A listening socket on 127.0.0.1; raises BadOutput naming the port and the next step."""
    wanted = range(PORT, PORT + TRIES) if port is None else [port]
    reason = "a port is a number from 0 to 65535"
    for number in wanted:
        if not 0 <= number <= 65535:
            break
        try:
            return socket.create_server((LOOPBACK, number), backlog=128)
        except OSError as error:
            reason = error.strerror or str(error)
    what = f"ports {PORT} to {PORT + TRIES - 1} are" if port is None else f"port {port} is"
    raise BadOutput(
        f"{what} not free on {LOOPBACK} ({reason}): stop what runs there, or choose another with --port."
    )


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """SIGINT and SIGTERM end the server and nothing else; uvicorn raises them again after it has stopped."""

    def stop(number: int, frame: object) -> None:
        server.should_exit = True

    here = threading.current_thread() is threading.main_thread()
    before = {kind: signal.signal(kind, stop) for kind in (signal.SIGINT, signal.SIGTERM) if here}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
