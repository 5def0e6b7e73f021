"""Check 14, colours: zero in the middle of a signed ramp, warm above it in both themes, and filters that keep to it."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from convscope.plain.ramp import colours

from .synthetic import DEAD, LAYERS
from .visiting import pixels, visit

pytestmark = pytest.mark.browser
GREYS = np.repeat(np.arange(256, dtype=np.uint8)[None], 8, axis=0)
PUT = """async ([source, kind]) => {
  const ramp = Object.assign(new Image(), { src: source, className: `map ${kind}`, id: 'ramp', width: 512, height: 16 });
  document.querySelector('#ramp')?.remove();
  document.querySelector('scope-stack').prepend(ramp);
  await ramp.decode();
}"""
# the browser's own colours: lightness, chroma and hue as CSS has them
CSS = """all => { const brush = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true }); return all.map(([light, chroma, hue]) => {
  brush.fillStyle = `oklch(${light} ${chroma} ${hue})`; brush.fillRect(0, 0, 1, 1);
  return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3); }); }"""


def png(levels: np.ndarray) -> str:
    made = io.BytesIO()
    Image.fromarray(levels).save(made, "PNG")
    return f"data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}"


def painted(page, kind: str) -> np.ndarray:
    """The colour in which each of 256 greys is shown."""
    page.evaluate(PUT, [png(GREYS), kind])
    return pixels(page.locator("#ramp"))[8, 1::2]


@pytest.mark.parametrize(("scheme", "ground", "end"), [("light", 0.97, 0.46), ("dark", 0.2, 0.78)])
def test_a_signed_ramp_is_neutral_at_zero_warm_above_and_keeps_to_its_curve(
    browser, served, scheme, ground, end
):
    values = np.clip((np.arange(256) - 128) / 127, -1, 1)  # a map is drawn around 128
    with visit(browser, f"{served}image/1/", color_scheme=scheme) as page:
        seen = painted(page, "signed")
        light, chroma = ground + np.abs(values) * (end - ground), 0.11 * np.abs(values) ** 0.7
        wanted = page.evaluate(CSS, np.stack([light, chroma, np.where(values > 0, 50, 250)], 1).tolist())
        assert np.abs(seen - wanted).max() <= 4
        assert np.ptp(seen[128]) <= 2
        assert (seen[160:, 0] > seen[160:, 2] + 20).all()
        assert (seen[:96, 2] > seen[:96, 0] + 20).all()
        assert np.abs(painted(page, "") - colours("positive")).max() <= 4
        page.keyboard.press("m")
        np.testing.assert_array_equal(painted(page, "signed"), np.repeat(np.arange(256)[:, None], 3, axis=1))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_influence_is_mid_grey_in_every_projection(browser, served, scheme):
    with visit(browser, f"{served}image/1/", color_scheme=scheme) as page:
        projection = pixels(page.locator(".colours"))
        assert (
            np.abs(projection[4:30, 4:30] - 128).max() <= 1
        )  # an eighth of 32 cells in a picture wider than 120
        assert np.abs(projection - 128).max() > 60
        page.goto(f"{served}layer/{LAYERS[0][0]}/?c={DEAD}")
        page.wait_for_selector("dialog:modal .panel .pair")
        for pair in page.locator(".panel .pair").all()[::4]:
            shown = pixels(pair)
            assert np.abs(shown[len(shown) // 2 + 4 : -8, 8:-8] - 128).max() <= 1
