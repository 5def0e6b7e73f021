"""Every command and every link in README and docs is true."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

import convscope as cs
from convscope.explorer import serve as server

from .conftest import convscope

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
)
SMALL = ("--net", "8c3 p2 16c3 p2 32c3 p2 fc16", "--epochs", "1", "--threads", "1")
RUN_PAGES = [
    page
    for page in PAGES
    if page.name in ("README.md", "guide.md", "convolution.md", "maps.md", "networks.md")
    or page.parent == ROOT / "docs" / "lenses"
]


def commands(page: Path) -> list[list[str]]:
    """The words of every convscope command that stands alone on a line of a code block."""
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("convscope ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.fixture(scope="module")
def place(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the pages presuppose it: photos/, photo.jpg and a surveyed run of them."""
    here = tmp_path_factory.mktemp("reader")
    shutil.copytree(photos, here / "photos")
    shutil.copy(photos / "disc" / "00.png", here / "photo.jpg")
    assert convscope("train", here / "photos", *SMALL, "--out", here / "runs").code == 0
    assert convscope("survey", here / "runs" / "photos", "--photos", "1").code == 0
    return here


@pytest.mark.parametrize("page", RUN_PAGES, ids=lambda page: page.name)
def test_every_command_on_the_page_does_what_it_says(page, place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setattr(server, "serve", lambda *_, **__: None)  # it would wait for Ctrl-C
    shutil.rmtree("site", ignore_errors=True)
    assert commands(page)
    for words in commands(page):
        extra = (*SMALL, "--out", "again") if words[0] == "train" else ()
        answer = convscope(*words, *extra)
        assert answer.code == 0, (words, answer.err)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_of_the_python_examples_exists(page):
    names = re.findall(r"\bcs\.(\w+)", page.read_text("utf-8"))
    assert [name for name in names if name not in cs.__all__] == []


def test_the_ci_calls_exactly_the_readmes_test_command():
    command = "pip install -e '.[test]' && pytest"
    assert f"\n{command}\n" in (ROOT / "README.md").read_text("utf-8")
    assert f"{{ {command}; }}" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_lens_has_a_page():
    from convscope.lenses import LENSES

    assert set(LENSES) == {page.stem for page in (ROOT / "docs" / "lenses").glob("*.md")}
