import gzip
import urllib.error
import urllib.request
from html import unescape

import pytest

from convscope.explorer.app import create_app
from convscope.explorer.guard import HEADERS, POLICY

from .asking import ask

GOOD = (b"127.0.0.1:8017", b"localhost:8017", b"[::1]:8017")
BAD = (
    b"", b"127.0.0.1", b"localhost", b"127.0.0.1:80", b"127.0.0.1:8018", b"127.0.0.1:08017", b"127.0.0.1.:8017",
    b"127.0.0.1:8017.", b"127.0.0.1:8017 ", b" 127.0.0.1:8017", b"127.0.0.1:8017\x00", b"127.0.0.1:8017,evil",
    b"evil.test:8017", b"127.0.0.1.evil.test:8017", b"evil.test@127.0.0.1:8017", b"127.0.0.1:8017@evil.test",
    b"127.0.0.1:8017/", b"127.0.0.1:8017#", b"LOCALHOST:8017", b"localhost.:8017", b"localhost:8017:8017", b"0.0.0.0:8017",
    b"127.1:8017", b"2130706433:8017", b"0x7f000001:8017", b"127.0.0.2:8017", b"[::]:8017", b"::1:8017",
    b"[::ffff:127.0.0.1]:8017", b"\xff", b"http://127.0.0.1:8017", b"*", b"127.0.0.1:8017\r\nx: y",
)  # fmt: skip
TRAVERSALS = (
    "/images/../atlas.json", "/layers/../atlas.json", "/layers/relu1/../../atlas.json", "/images/..%2fatlas.json",
    "/layers/relu1/numbers.safetensors", "/layers/..\\..\\atlas.json", "/atlas.json", "/images.json",
    "/layers/relu1/strips/../numbers.safetensors", "/layers//etc/passwd", "/static/../app.py", "/static/..%2fapp.py",
    "/layers/relu1/strips/%00.jpg", "/layers/relu1/strips/0.jpg/..", "/layers/./relu1/strips/0.jpg",
    "/layers/relu1/strips/\u0663.jpg",
)  # fmt: skip
PATHS = (
    "/",
    "/layer/relu1/",
    "/about/",
    "/images/",
    "/static/scope.js",
    "/layers/relu1/strips/0.jpg",
    "/nothing",
)


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def test_a_page_from_the_server_has_its_policy_in_the_header_alone_and_a_file_in_itself(app, site):
    assert "http-equiv" not in ask(app, "/about/").text
    said = 'http-equiv="Content-Security-Policy" content="' + POLICY
    assert said in unescape((site / "about/index.html").read_text())


@pytest.mark.parametrize("path", ["/search/", "/static/scope.css", "/static/panel.js"])
def test_pages_styles_and_scripts_are_packed_for_who_unpacks(app, path):
    plain, sent = ask(app, path), ask(app, path, headers=[(b"accept-encoding", b"gzip, br")])
    assert gzip.decompress(sent.body) == plain.body
    assert len(sent.body) < len(plain.body) / 2
    assert {**plain.headers, "content-length": ""} == {
        **{name: value for name, value in sent.headers.items() if name not in ("content-encoding", "vary")},
        "content-length": "",
    }


@pytest.mark.parametrize("host", GOOD)
def test_our_own_names_pass(app, host):
    assert ask(app, "/about/", hosts=(host,)).status == 200


@pytest.mark.parametrize("host", BAD)
def test_any_other_host_is_misdirected_without_a_word(app, host):
    for path in ("/", "/nothing", "/images/photo-1.png"):
        reply = ask(app, path, hosts=(host,))
        assert (reply.status, reply.body) == (421, b"")


@pytest.mark.parametrize("hosts", [(), (GOOD[0], GOOD[0]), (GOOD[0], b"evil.test")])
def test_host_must_be_there_once(app, hosts):
    assert ask(app, "/", hosts=hosts).status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"])
def test_only_reading_is_allowed(app, method):
    reply = ask(app, "/", method=method)
    assert (reply.status, reply.headers["allow"], reply.body) == (405, "GET, HEAD", b"")


def test_absolute_targets_are_refused(app):
    assert ask(app, "http://evil.test/").status == 400


@pytest.mark.parametrize("path", PATHS)
def test_every_reply_carries_the_security_headers(app, path):
    replies = [ask(app, path), ask(app, path, method="POST"), ask(app, path, hosts=(b"evil",))]
    for reply in replies:
        assert {name: reply.headers.get(name.lower()) for name in HEADERS} == HEADERS
        assert not [name for name in reply.headers if name.startswith("access-control")]
        assert "cache-control" in reply.headers or reply.status != 200


def test_a_reply_to_head_has_no_body(app):
    assert ask(app, "/about/", method="HEAD").status == 200


@pytest.mark.parametrize("path", TRAVERSALS)
def test_nothing_but_the_pictures_of_the_atlas_is_given_away(app, path):
    assert ask(app, path).status == 404


def test_a_failure_tells_no_secret(served, monkeypatch):
    monkeypatch.setattr("convscope.explorer.site.Site.unfinished", lambda site: 1 / 0)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{served}about/")
    text = caught.value.read().decode()
    assert caught.value.code == 500
    assert "Something broke" in text
    assert "Zero" not in text
    assert "Traceback" not in text
    caught.value.close()
