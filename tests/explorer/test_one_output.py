"""A network with one output names no class; what its only output would be called is no answer."""

import re

import numpy as np
import pytest

from convscope.atlas.read import Atlas
from convscope.explorer.app import create_app
from convscope.explorer.gallery import groups, wrong

from . import synthetic
from .asking import ask


@pytest.fixture(scope="module")
def single(tmp_path_factory) -> Atlas:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "CLASSES", ("plain",))
        patch.setattr(synthetic, "PREDICTED", (0,) * synthetic.ROWS)
        patch.setattr(synthetic, "LABELS", (0,) * synthetic.ROWS)
        patch.setattr(synthetic, "WHYS", ())
        return synthetic.build(tmp_path_factory.mktemp("single"))


def test_no_image_is_named(single):
    images = single.images
    assert (images.predicted == -1).all()
    assert np.isnan(images.probability).all()
    assert images.margin is None
    assert not wrong(single).any()
    assert "wrong" not in groups(single)


def test_the_pages_say_that_it_names_no_class(single):
    app = create_app(single)
    for address in ("/", "/images/", "/class/0/"):
        reply = ask(app, address)
        text = re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<[^>]+>", " ", reply.text, flags=re.DOTALL))
        assert reply.status == 200
        assert "100 %" not in text, address
        assert ("no class (one output)" in text) is (address != "/class/0/"), address
