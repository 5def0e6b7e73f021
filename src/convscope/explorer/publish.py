"""The same pages as files: every address is asked of the same application and written down."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message

from convscope.atlas.read import Atlas, open_atlas
from convscope.errors import BadAtlas, BadOutput
from convscope.explorer import addresses
from convscope.explorer.app import create_app
from convscope.explorer.assets import assets
from convscope.explorer.cut.atlas import cut_down
from convscope.explorer.cut.choice import LESSON_CHANNELS, layers_of
from convscope.explorer.excerpt import Excerpt
from convscope.explorer.pages import page_addresses, script_addresses
from convscope.plain.overrides import with_overrides

MARK = "convscope-site.json"  # lists what was written, so that only our own files are ever replaced
PRIVACY = (
    "the pages hold thumbnails and patches of your images, their ids and labels: "
    "look whether you may show them before you put them on the web"
)
TRACES = (
    "no patch, photograph, thumbnail or map of your images is in the pages; projections are traces of them, in which "
    "outlines may be known again, and ids, labels and answers are listed: look whether you may show these"
)
LESSON_BYTES = 15_000_000
HOST = "localhost"


@dataclass(frozen=True)
class Report:
    """What was published: how many files, how many bytes, and what to think of."""

    files: int
    bytes: int
    warnings: tuple[str, ...]


def publish(
    atlas: Atlas | str | Path, folder: str | Path, *, settings: Excerpt | None = None, **overrides: Any
) -> Report:
    """Write the pages of ``atlas`` into ``folder``, to be opened by double click or put on a web server.

    ``atlas`` is one, or its folder, or a run. ``overrides`` are fields of ``Excerpt``, which says how much of the atlas; every page of less than all says so.
    The whole site is made beside ``folder`` first, checked for dead links, and then takes its place.
    Raises BadOutput where the folder holds files of someone else, BadAtlas where a page or a link fails, BadSpec and
    UnknownName where the settings ask for what cannot be.

    >>> cs.publish(cs.open_atlas("runs/demo"), "site/", layers="relu4", top=16)  # doctest: +SKIP
    """
    target, excerpt = Path(folder), with_overrides(settings or Excerpt(), overrides)
    opened = atlas if isinstance(atlas, Atlas) else open_atlas(atlas)
    _refuse_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise BadOutput(f"cannot write {target}: {error.strerror}. Choose another folder.") from error
    try:
        written = _write_excerpt(opened, excerpt, staging)
        check_links(staging, written)
        staging.chmod(0o755)
        _take_place(staging, target)
    except OSError as error:
        raise BadOutput(f"cannot write {target}: {error.strerror}. Choose another folder.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    privacy = PRIVACY if excerpt.patches else TRACES
    return Report(len(written), _size(target, written), (privacy, *_gaps(opened, excerpt)))


def _size(root: Path, names: list[str]) -> int:
    return sum((root / name).stat().st_size for name in names)


def _write_excerpt(atlas: Atlas, excerpt: Excerpt, root: Path) -> list[str]:
    """The site of what an excerpt keeps; of a lesson fewer channels until it is small enough."""
    if excerpt.whole:
        return _write_site(atlas, root)
    with tempfile.TemporaryDirectory(prefix="convscope-") as scratch:
        written = _write_site(cut_down(atlas, excerpt, Path(scratch)), root)
    top, size = excerpt.top or LESSON_CHANNELS, _size(root, written)
    if excerpt.profile == "all" or top == 1 or size < LESSON_BYTES:
        return written
    for name in written:
        (root / name).unlink()
    return _write_excerpt(atlas, replace(excerpt, top=max(1, int(top * 0.95 * LESSON_BYTES / size))), root)


def _gaps(atlas: Atlas, excerpt: Excerpt) -> Iterator[str]:
    bare = [name for name in layers_of(atlas, excerpt) if not atlas.layers[name].pictures]
    if bare:
        yield f"no pictures yet of {', '.join(bare)}: `convscope survey RUN` makes them, then publish again"


def _refuse_foreign(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BadOutput(f"cannot publish to {target}: it is not a folder. Choose a new folder.")
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir()}
    foreign = sorted(found - _ours(target))
    if foreign:
        raise BadOutput(
            f"cannot publish to {target}: it holds {foreign[0]!r}, which convscope did not write "
            f"({len(foreign)} such files). Choose an empty or new folder."
        )


def _ours(target: Path) -> set[str]:
    with suppress(OSError, ValueError, TypeError, KeyError):
        mark = json.loads((target / MARK).read_text("utf-8"))
        return {*mark["files"], MARK}
    return set()


def _write_site(atlas: Atlas, root: Path) -> list[str]:
    """Every file of the site; returns their addresses."""
    app = create_app(atlas, hosts=[HOST], portable=True)
    with ThreadPoolExecutor(1) as aside:  # a notebook's own thread has a running loop already
        texts = aside.submit(asyncio.run, _ask_all(app, _pages_and_scripts(atlas))).result()
    files: dict[str, bytes | Path] = dict(texts)
    files |= {
        address: path
        for address in addresses.pictures(atlas)
        if (path := addresses.picture_file(atlas, address))
    }
    files |= {f"static/{name}": content for name, content in assets().items()}
    files[".nojekyll"] = b""
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, place)
        else:
            place.write_bytes(content)
    listed = {"format": "convscope site", "files": sorted(files)}
    (root / MARK).write_text(json.dumps(listed, indent=1), "utf-8")
    return sorted([*files, MARK])


def _pages_and_scripts(atlas: Atlas) -> dict[str, str]:
    """File name to address."""
    pages = {f"{address}index.html": address for address in page_addresses(atlas)}
    return pages | {address: address for address in script_addresses(atlas)}


async def _ask_all(app: ASGIApp, wanted: dict[str, str]) -> dict[str, bytes]:
    return {name: await ask(app, f"/{address}") for name, address in wanted.items()}


async def ask(app: ASGIApp, path: str) -> bytes:
    """The body that ``app`` answers, asked in-process; raises BadAtlas where it is not a page."""
    replies: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}  # pages read it once, if at all

    async def send(message: Message) -> None:
        replies.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", HOST.encode())], "client": None, "server": (HOST, 80),
    }  # fmt: skip
    await app(scope, receive, send)
    body = b"".join(reply.get("body", b"") for reply in replies)
    if replies[0]["status"] != 200:
        raise BadAtlas(
            f"cannot publish {path}: it answers {replies[0]['status']}. `convscope survey RUN` mends it."
        )
    return body


class _Links(HTMLParser):
    """Collects every link and every source of a page, but no picture that stands in the page itself; in a template
    they are patterns and not followed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.patterns = False

    def handle_endtag(self, tag: str) -> None:
        self.patterns = self.patterns and tag != "template"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.patterns = self.patterns or tag == "template"
        if self.patterns:
            return
        links = (value for name, value in attrs if name in ("href", "src") and value)
        self.found += [link for link in links if not link.startswith("data:image/")]


def check_links(root: Path, names: list[str]) -> None:
    """Raises BadAtlas naming the page and the link where a page of ``names`` points at nothing."""
    known = set(names)
    for name in names:
        if not name.endswith(".html"):
            continue
        links = _Links()
        links.feed((root / name).read_text("utf-8"))
        for link in links.found:
            if not link.startswith("data:") and (target := _target(name, link)) not in known:
                raise BadAtlas(
                    f"page {name} links to {link!r}, and {target} is missing: survey again to make it."
                )


def _target(page: str, link: str) -> str:
    """The file that a relative link on a page points at.

    >>> _target("layer/relu1/index.html", "../../about/index.html?x=1#y")
    'about/index.html'
    """
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return link  # nothing of ours is absolute
    return page if not parts.path else normpath((PurePosixPath(page).parent / unquote(parts.path)).as_posix())


def _take_place(staging: Path, target: Path) -> None:
    """Rename the new site into place; the old one stays whole until then and comes back if that fails."""
    if not target.exists():
        staging.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    target.replace(old)
    try:
        staging.rename(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old)
