"""The three lines of Python under every lesson run, and print the numbers of its lab."""

import inspect
import re
from html import unescape

import pytest
import torch

import convscope
from convscope.explorer.app import create_app
from convscope.explorer.labs.kernel import kernel_lab
from convscope.explorer.labs.lessons import LESSONS
from convscope.plain.why import Why

from .asking import ask


@pytest.fixture
def run(atlas, capsys, tmp_path, monkeypatch):
    """Runs the lines of a lesson in an empty folder; what it printed."""
    monkeypatch.chdir(tmp_path)
    app = create_app(atlas)

    def run(key: str) -> str:
        lines = re.findall(
            r'<pre class="python"[^>]*><code>(.*?)</code>', ask(app, f"/learn/{key}/").text, re.S
        )
        code = unescape(lines[0])
        assert len(code.splitlines()) == 3
        exec(code, {})
        return capsys.readouterr().out

    return run


def test_pixels(run):
    photo = convscope.open_images("emoji")[0]
    assert run("pixels").startswith(f"{photo.shape}\n[[{photo[28, 28, 0]}")


def test_kernel(run, atlas):
    slide = kernel_lab(atlas).benches[0].slides[0]
    assert float(re.findall(r"-?\d+\.", run("kernel"))[0]) == slide.map[slide.opening]


def test_stride_and_padding(run):
    assert "torch.Size([1, 1, 4])" in run("stride-and-padding")


def test_channels(run):
    torch.manual_seed(0)
    left = [float(text) for text in re.findall(r"-?\d\.\d+e?[-+\d]*", run("channels"))]
    assert len(left) == 36
    assert max(map(abs, left)) < 1e-5


def test_pooling(run):
    assert len(re.findall(r"tensor", run("pooling"))) == 2


def test_receptive_field(run):
    fields = run("receptive-field")
    assert "'relu2': (8, 8)" in fields


def test_deconvnet(run):
    assert run("deconvnet").startswith("tensor([[[")


def test_occlusion(run, monkeypatch, tmp_path):
    model = convscope.open_model(
        "4c3 gap", classes=["<script>alert(1)</script>", "b", "c", "plain"], input_size=32
    )
    monkeypatch.setattr(convscope, "open_model", lambda place: model)
    photo = convscope.open_images("emoji")[0]
    look = convscope.look
    monkeypatch.setattr(convscope, "look", lambda model, picture, *rest: look(model, photo, *rest))
    run("occlusion")
    assert (tmp_path / "occlusion.png").stat().st_size > 0


def test_shortcut(run, monkeypatch):
    asked = inspect.signature(convscope.why)
    assert "verdict" in Why.__dataclass_fields__

    class Found:
        verdict = "supported"

    monkeypatch.setattr(convscope, "why", lambda *all: asked.bind(*all) and Found())
    assert run("shortcut").startswith("supported\n")


def test_no_lesson_is_without(atlas):
    tested = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert set(LESSONS) <= tested
