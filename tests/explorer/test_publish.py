import json
import re
import shutil
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest

from convscope.errors import BadAtlas, BadOutput
from convscope.explorer.app import create_app
from convscope.explorer.packed import unpacked
from convscope.explorer.pages import PAGES, about, page_addresses, script_addresses
from convscope.explorer.publish import MARK, check_links, publish

from . import synthetic
from .asking import ask
from .test_pages import Reader


def contents(page: str) -> tuple[str, list[str]]:
    read = Reader(
        re.sub("<noscript>.*?</noscript>", "", page)
    )  # a server does some things that files need scripts for
    sources = [image["src"] for image in read.all("img") if "src" in image]
    return read.text, sources + [image["href"] for image in read.all("image")]


def entries(data: list | dict) -> list:
    return list(data.values() if isinstance(data, dict) else data)


def test_files_say_the_same_as_the_server(atlas, site):
    app = create_app(atlas)
    assert [
        page.route for page in PAGES if page.media == "text/html" and not list(page.addresses(atlas))
    ] == []
    for address in page_addresses(atlas):
        assert contents((site / address / "index.html").read_text()) == contents(ask(app, f"/{address}").text)
    for address in script_addresses(atlas):
        published, served = (site / address).read_bytes(), ask(app, f"/{address}").body
        if "/panels/" in address or address.endswith(
            "/beside.js"
        ):  # pages in a script: their links name files
            published, served = (
                [contents(str(one)) for one in entries(unpacked(text.decode()))]
                for text in (published, served)
            )
        assert published == served


def test_every_file_is_listed_and_everything_listed_is_there(site):
    listed = json.loads((site / MARK).read_text())["files"]
    found = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert found == {*listed, MARK}
    assert (site / ".nojekyll").exists()


def test_the_report_counts_and_warns(atlas, tmp_path):
    report = publish(atlas, tmp_path / "site")
    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert (report.files, report.bytes) == (len(files), sum(path.stat().st_size for path in files))
    assert "patches of your images" in report.warnings[0]


def test_publishing_again_replaces_only_its_own(atlas, site, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    (tmp_path / "site" / "index.html").write_text("old")
    publish(atlas, tmp_path / "site")
    assert "Move over" in (tmp_path / "site" / "index.html").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("ours_as_well", [False, True])
def test_files_of_someone_else_are_refused_and_kept(atlas, site, tmp_path, ours_as_well):
    folder = tmp_path / "site"
    if ours_as_well:
        shutil.copytree(site, folder)
    folder.mkdir(exist_ok=True)
    (folder / "thesis.tex").write_text("mine")
    with pytest.raises(BadOutput, match=r"holds 'thesis.tex', which convscope did not write"):
        publish(atlas, folder)
    assert (folder / "thesis.tex").read_text() == "mine"


def test_a_dead_link_is_refused_by_page_and_link(atlas, tmp_path, monkeypatch):
    broken = replace(about.PAGE, write=lambda site, asked: '<a href="../nowhere/index.html">x</a>')
    monkeypatch.setattr(
        "convscope.explorer.app.PAGES", [broken if page is about.PAGE else page for page in PAGES]
    )
    with pytest.raises(BadAtlas, match=r"about/index.html links to '../nowhere/index.html'"):
        publish(atlas, tmp_path / "site")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("link", ["https://elsewhere.test/", "/about/index.html", "//x.test/a.js"])
def test_links_out_of_the_site_are_dead(tmp_path, link):
    (tmp_path / "index.html").write_text(f'<a href="{link}">x</a>')
    with pytest.raises(BadAtlas, match="links to"):
        check_links(tmp_path, ["index.html"])


def test_a_page_that_fails_stops_publishing(atlas, tmp_path):
    synthetic.build(tmp_path / "atlas")
    (tmp_path / "atlas/layers/head/loupe.safetensors").write_bytes(b"junk")
    with pytest.raises(BadAtlas, match=r"cannot publish /image/3/: it answers 500"):
        publish(synthetic.open_atlas(tmp_path / "atlas"), tmp_path / "site")


def test_a_half_made_atlas_is_published_with_a_warning(half_made, tmp_path):
    report = publish(half_made, tmp_path / "site")
    assert "no pictures yet of relu1" in report.warnings[1]


def test_no_page_tells_where_it_was_made(atlas, site):
    for page in [*site.rglob("*.html"), *site.rglob("*.js")]:
        text = page.read_text()
        assert str(atlas.path) not in text
        assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_every_link_of_the_server_stays_below_the_prefix_of_a_proxy(atlas):
    app, home = create_app(atlas), "http://localhost/user/x/proxy/8000/"
    pages = {address: Reader(ask(app, f"/{address}").text) for address in page_addresses(atlas)}
    kinds = ("a", "link", "script", "img")
    links = {
        urlsplit(urljoin(home + address, part.get("href") or part.get("src") or "")).geturl().split("?")[0]
        for address, read in pages.items()
        for kind in kinds
        for part in read.all(kind)
    }
    assert {link for link in links if not link.startswith((home, "data:"))} == set()
    inside = {
        link.removeprefix(home).partition("#")[0]
        for link in links
        if link.startswith(home) and "{" not in link
    }
    assert [link for link in inside - set(pages) if ask(app, f"/{link}").status != 200] == []


def test_without_scripts_a_published_page_says_what_needs_them(atlas, site):
    said = re.compile(r"<noscript>.*?convscope explore ATLAS.*?</noscript>")
    for address in ("layer/relu1/", "compare/"):
        assert said.search((site / address / "index.html").read_text("utf-8")), address
        assert not said.search(ask(create_app(atlas), f"/{address}").text), (
            "the server shows it without scripts"
        )
