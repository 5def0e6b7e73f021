"""Pictures of one's own in the explorer: by command, and by the model that the explorer brings along."""

import json

import numpy as np
from PIL import Image

import convscope as cs
from convscope.atlas.picture import uploads
from convscope.explorer import serve as server

from .conftest import convscope


def test_a_picture_of_ones_own_goes_through_every_layer(own_run, here):
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8)).save("mine.png")
    answer = convscope("stack", own_run, "mine.png", "0")
    (kept,) = uploads(cs.open_atlas(own_run))
    assert answer.code == 0
    assert answer.out.startswith(f"image/{kept.key}/: upload:{kept.key}, named ")
    assert answer.out.endswith(f"Open them: convscope explore {own_run}\n")
    # when: asked again, as JSON, it is read and not made
    found = json.loads(convscope("stack", own_run, kept.key, "--json").out)
    assert found[kept.key]["notes"] == []
    wrong = convscope("stack", own_run, "nothing.png")
    assert wrong.err.startswith("convscope: unknown image 'nothing.png': This atlas has images 0 to ")


def test_the_explorer_brings_the_model_of_a_run_unless_told_not_to(run, monkeypatch):
    brought = []
    monkeypatch.setattr(server, "serve", lambda path, live, **_: brought.append(live))
    for words in ((run,), (run / "atlas",), (run, "--no-live")):
        assert convscope("explore", *words, "--no-browser").code == 0
    kinds = {"stack", "deconvnet", "occlusion", "gradcam", "why"}
    assert [set(live or ()) for live in brought] == [kinds, kinds, set()]
