import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from convscope.errors import BadAtlas, BadOutput
from convscope.explorer.serve import listen, serve

START = """
import sys
from convscope.ask.live import live
from convscope.explorer.serve import serve
serve(sys.argv[1], port=int(sys.argv[2]), live=live("a model that nobody asks yet"))
print("torch" in sys.modules, flush=True)
"""


def start(atlas, port: int) -> subprocess.Popen:
    command = [sys.executable, "-c", START, str(atlas.path), str(port)]
    bare = {**os.environ, "PATH": "/nowhere"}  # neither Node nor anything else is called
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=bare)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_answers_without_torch_and_stops_cleanly(atlas, kind):
    port = free_port()
    with start(atlas, port) as process:
        line = process.stdout.readline()
        assert line == f"convscope explorer: http://127.0.0.1:{port}/ (Ctrl-C stops it)\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/layer/relu1/") as reply:
            assert reply.status == 200
        process.send_signal(kind)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "False\n", "")


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadOutput, match=rf"port {port} is not free .* choose another with --port"):
            listen(port)


def test_a_port_that_is_none_is_refused():
    with pytest.raises(BadOutput, match=r"port 99999 is not free .*0 to 65535.* choose another with --port"):
        listen(99999)


def test_without_a_wish_the_next_free_port_is_taken():
    with listen(None) as first, listen(None) as second:
        assert first.getsockname()[0] == second.getsockname()[0] == "127.0.0.1"
        assert first.getsockname()[1] < second.getsockname()[1]


def test_no_atlas_no_server(tmp_path):
    with pytest.raises(BadAtlas, match=r"no atlas at .*convscope survey RUN"):
        serve(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("request_line", "host", "status"),
    [
        (b"GET / HTTP/1.1", b"Host: 127.0.0.1:%d\r\n", b"200"),
        (b"GET / HTTP/1.1", b"Host: evil.test\r\n", b"421"),
        (b"GET / HTTP/1.1", b"", b"400"),
        (b"GET / HTTP/1.0", b"", b"421"),
        (b"GET / HTTP/1.1", b"Host: 127.0.0.1:%d\r\nHost: evil.test\r\n", b"400"),
        (b"GET http://evil.test/ HTTP/1.1", b"Host: 127.0.0.1:%d\r\n", b"400"),
        (b"GET /images/%%2e%%2e/atlas.json HTTP/1.1", b"Host: 127.0.0.1:%d\r\n", b"404"),
        (b"POST / HTTP/1.1", b"Host: 127.0.0.1:%d\r\nContent-Length: 0\r\n", b"405"),
    ],
)
def test_raw_requests(served, request_line, host, status):
    port = int(served.rsplit(":", 1)[1].strip("/"))
    host = host % port if b"%d" in host else host
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(request_line.replace(b"%%", b"%") + b"\r\n" + host + b"Connection: close\r\n\r\n")
        reply = line.makefile("rb").read()
    assert reply.split()[1] == status
    assert b"\r\nserver:" not in reply.lower()
