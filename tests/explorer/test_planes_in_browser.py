"""The labs of planes by mouse and keyboard, from published files: what is printed against torch and the stored numbers."""

import numpy as np
import pytest
from torch.nn import functional

from convscope.explorer.labs.channels import channels_lab
from convscope.explorer.labs.deconvnet import deconvnet_lab
from convscope.explorer.labs.occlusion import occlusion_lab
from convscope.explorer.labs.pixels import pixels_lab

from . import synthetic
from .test_lessons import double
from .visiting import visit

pytestmark = pytest.mark.browser
TEXTS = """name => [...document.querySelectorAll(`[data-plane="${name}"] > text`)]
  .map(text => Number(text.textContent.replace('−', '-')))"""
FILLS = """name => [...document.querySelectorAll(`[data-plane="${name}"] > rect`)].map(cell => cell.getAttribute('fill'))"""
AT = """() => Object.fromEntries([...document.querySelectorAll('[data-at]')]
  .map(place => [place.dataset.at, Number(place.textContent.replace('−', '-'))]))"""


@pytest.fixture
def lesson(browser, site):
    """Opens one lesson of the published site."""
    return lambda key, **settings: visit(browser, (site / "learn" / key / "index.html").as_uri(), **settings)


def test_both_squares_of_pixels_are_printed(lesson, atlas):
    lab = pixels_lab(atlas)
    with lesson("pixels") as page:
        for square in (1, 0):
            page.select_option("scope-planes select", str(square))
            for band, name in enumerate(lab.bands):
                assert page.evaluate(TEXTS, name) == lab.crops[square].pixels[:, :, band].ravel().tolist()
            assert page.evaluate(FILLS, "pixels") == lab.planes.views[square]["pixels"].ravel().tolist()
        page.locator("[data-plane=pixels]").focus()
        for key in ("ArrowUp",) * 9 + ("ArrowLeft",) * 9 + ("ArrowRight", "ArrowDown", "ArrowDown"):
            page.keyboard.press(key)
        shown = page.evaluate(AT)
        assert (shown["row"], shown["column"]) == (3, 2)
        assert [shown[name] for name in lab.bands] == lab.crops[0].pixels[2, 1].tolist()


def test_every_filter_adds_up_as_in_torch(lesson, atlas):
    lab, rng = channels_lab(atlas), np.random.default_rng(3)
    with lesson("channels") as page:
        for place, slide in enumerate(lab.slides):
            page.select_option("scope-planes select", str(place))
            parts = [
                functional.conv2d(
                    double(lab.bench.input[[c]])[None], double(slide.weight[[c]])[None], stride=2
                )[0, 0]
                for c in range(3)
            ]
            for _ in range(3):
                y, x = (int(rng.integers(size)) for size in slide.map.shape)
                page.evaluate("at => document.querySelector('scope-planes').show(...at)", [y, x])
                shown = page.evaluate(AT)
                wanted = [part[y, x].item() for part in parts]
                assert [shown[name] for name in lab.bands] == pytest.approx(wanted, abs=6e-4)
                total = sum(wanted) + slide.bias
                assert [shown["sum"], shown["relu"]] == pytest.approx([total, max(total, 0)], abs=6e-4)


def test_the_pointer_moves_one_cursor_on_all_maps(lesson, atlas):
    height, width = channels_lab(atlas).planes.size
    with lesson("channels") as page:
        box = page.locator("[data-plane=sum]").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 2.5 / width, box["y"] + box["height"] * 4.5 / height)
        assert (page.evaluate(AT)["row"], page.evaluate(AT)["column"]) == (5, 3)
        marks = page.locator("scope-planes .here").evaluate_all(
            "all => all.map(one => one.getAttribute('transform'))"
        )
        assert marks == ["translate(2 4)"] * 5


def test_the_unpooled_grid_is_that_of_torch(lesson, atlas):
    lab = deconvnet_lab(atlas)
    with lesson("deconvnet") as page:
        for place, (one, alone) in enumerate((one, alone) for one in lab.rounds for alone in (False, True)):
            page.select_option("scope-planes select", str(place))
            best, where = functional.max_pool2d(double(one.map)[None, None], 2, return_indices=True)
            sent = best * (best == best.max()) if alone else best
            back = functional.max_unpool2d(sent, where, 2)
            assert page.evaluate(TEXTS, "pooled") == pytest.approx(sent.flatten().tolist(), abs=6e-4)
            assert page.evaluate(TEXTS, "back") == pytest.approx(back.flatten().tolist(), abs=6e-4)
            pixels = functional.conv_transpose2d(back, double(one.weight)[None], stride=2)[0]
            levels = (128 + 127 * pixels / pixels.abs().max()).permute(1, 2, 0).reshape(-1, 3)
            drawn = [list(bytes.fromhex(fill[1:])) for fill in page.evaluate(FILLS, "back-pixels")]
            np.testing.assert_allclose(drawn, levels, atol=0.51)


def test_covering_by_hand_fills_the_map(lesson, atlas):
    lab = occlusion_lab(atlas)
    shares = 100 * np.array(synthetic.measured()["occlusion"]["probability"])
    with lesson("occlusion") as page:
        photo = page.locator("[data-plane=photo]")
        waiting = page.locator("[data-plane=p0] .hollow")
        assert waiting.count() == 48
        photo.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        shown = page.evaluate(AT)
        assert [shown["p0"], shown["p1"]] == pytest.approx(shares[:, 1, 1], abs=0.51)
        assert photo.locator(".here").get_attribute("transform") == f"translate({lab.stride} {lab.stride})"
        assert waiting.count() == 46
        page.locator("[name=fill]").click()
        assert waiting.count() == 0
        assert page.evaluate(TEXTS, "p0") == pytest.approx(shares[0].ravel(), abs=0.51)
        page.locator("[name=clear]").click()
        assert waiting.count() == 48


def test_the_planted_channel_is_found_by_keyboard(lesson):
    with lesson("shortcut") as page:
        page.locator(".suspects summary").nth(2).focus()
        page.keyboard.press("Enter")
        assert page.locator(".suspects details[open] strong").text_content() == "This is it."
        page.locator(".suspects summary").nth(3).click()
        assert page.locator(".suspects details[open]").count() == 1


@pytest.mark.parametrize("key", ["channels", "deconvnet", "occlusion"])
def test_without_scripts_the_numbers_are_there(lesson, key):
    seen = []
    for scripts in (True, False):
        with lesson(key, java_script_enabled=scripts) as page:
            seen.append(page.locator("scope-planes svg > text, [data-at]").all_text_contents())
    assert len(seen[0]) > 3
    assert seen[0] == seen[1]


def test_a_lesson_keeps_to_its_width_and_moves_nothing_by_itself(lesson, site):
    with lesson("shortcut", viewport={"width": 390, "height": 800}, reduced_motion="no-preference") as page:
        for key in ("shortcut", "deconvnet", "channels", "occlusion"):
            page.goto((site / "learn" / key / "index.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert page.evaluate("document.getAnimations().length") == 0


def test_the_address_keeps_what_was_chosen(browser, served):
    with visit(browser, f"{served}lab/deconvnet/?view=2") as page:
        assert page.locator("select").input_value() == "2"
        page.select_option("select", "1")
        assert page.evaluate("location.search") == "?view=1"
        page.goto(f"{served}lab/receptive-field/?depth=1")
        assert page.locator(".nested.now").get_attribute("data-index") == "1"
        page.goto(f"{served}lab/deconvnet/?view=nonsense")
        assert page.locator("select").input_value() == "0"
