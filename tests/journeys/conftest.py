"""The command line in this process, and one small trained and surveyed run for the whole room."""

import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from convscope.cli import main

QUICK = ("--net", "6c3 p2 8c3 p2 fc12", "--epochs", "2", "--threads", "1")
COLOURS = {"disc": (220, 40, 40), "square": (40, 60, 220), "stripes": (40, 180, 60)}


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def convscope(*words: object) -> Answer:
    """Run one command as the shell would; the error, if any, is one line."""
    out, err, before = StringIO(), StringIO(), sys.argv
    sys.argv = ["convscope", *map(str, words)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = before
    return Answer(code, out.getvalue(), err.getvalue())


def refused(*words: object) -> str:
    """The one line with which a command refuses; it may come after lines that say how far it came."""
    answer = convscope(*words)
    assert answer.code not in (0, None), answer.out
    last = answer.err.splitlines()[-1]
    assert last.startswith("convscope: ")
    assert "Traceback" not in answer.err
    return last


def draw_shapes(root: Path, each: int = 16) -> Path:
    """A folder of class folders: red discs, blue squares, green stripes on nearly white, 32 px."""
    chance = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (root / name).mkdir(parents=True)
        for number in range(each):
            picture = Image.new("RGB", (32, 32), tuple(int(level) for level in chance.integers(225, 256, 3)))
            left, top = (int(edge) for edge in chance.integers(2, 10, 2))
            _draw(ImageDraw.Draw(picture), name, (left, top, left + 18, top + 18), colour)
            picture.save(root / name / f"{number:02d}.png")
    return root


def _draw(pen: ImageDraw.ImageDraw, name: str, box: tuple[int, int, int, int], colour: tuple) -> None:
    if name == "disc":
        pen.ellipse(box, fill=colour)
    elif name == "square":
        pen.rectangle(box, fill=colour)
    else:
        for y in range(box[1], box[3], 4):
            pen.line((box[0], y, box[2], y), fill=colour, width=2)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 pictures of 3 classes; nothing may change them."""
    return draw_shapes(tmp_path_factory.mktemp("photos") / "shapes")


@pytest.fixture(scope="session")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """A run folder, and what training said."""
    out = tmp_path_factory.mktemp("runs")
    answer = convscope("train", photos, *QUICK, "--out", out)
    return out / "shapes", answer


@pytest.fixture(scope="session")
def surveyed(trained: tuple[Path, Answer]) -> tuple[Path, Answer]:
    """The same run with its atlas, and what the survey said."""
    run, _ = trained
    return run, convscope("survey", run, "--photos", "2", "--split", "all")


@pytest.fixture(scope="session")
def run(surveyed: tuple[Path, Answer]) -> Path:
    """A trained and surveyed run; tests only read it."""
    return surveyed[0]


@pytest.fixture
def own_run(run: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(run, tmp_path / "own"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def few(tmp_path: Path) -> Callable[..., Path]:
    """A folder of class folders with so many pictures each: ``few(cat=3, dog=1)``."""

    def make(**counts: int) -> Path:
        for name, count in counts.items():
            (tmp_path / "data" / name).mkdir(parents=True)
            for number in range(count):
                chance = np.random.default_rng([number, len(name), ord(name[0])])
                pixels = chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "data" / name / f"{number}.png")
        return tmp_path / "data"

    return make
