"""The labs by mouse and keyboard, from published files: every printed number against torch."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from convscope.explorer.labs import stride as stride_lab
from convscope.explorer.labs.kernel import kernel_lab
from convscope.explorer.labs.pooling import pooling_lab
from convscope.explorer.publish import publish

from .test_lessons import counted, double, dropped, means
from .visiting import visit

pytestmark = pytest.mark.browser
PRINTED = """() => {
  const bench = [...document.querySelectorAll('.bench')].find(bench => !bench.hidden);
  const numbers = parts => [...parts].map(part => Number(part.textContent.replace('−', '-')));
  const tables = name => [...bench.querySelectorAll(`[data-matrix=${name}]`)].map(t => numbers(t.querySelectorAll('td')));
  return { input: tables('input'), weight: tables('weight'), product: tables('product'),
    at: numbers(bench.querySelectorAll('.at-row, .at-column')),
    sum: numbers(bench.querySelectorAll('.sum, .bias, .value')),
    filled: bench.querySelectorAll('.cell:not(.hollow)').length };
}"""


@pytest.fixture(scope="module")
def lessons(lively, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lessons") / "site"
    publish(lively, folder)
    return folder


def address(lessons: Path, key: str) -> str:
    return (lessons / "learn" / key / "index.html").as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_printed_product_sum_and_bias_is_that_of_torch(browser, lessons, lively, scheme):
    lab, rng = kernel_lab(lively), np.random.default_rng(5)
    with visit(browser, address(lessons, "kernel"), color_scheme=scheme) as page:
        for key, bench in enumerate(lab.benches):
            for place in rng.permutation(len(bench.slides))[:3]:
                slide = bench.slides[place]
                page.select_option("scope-kernel select", f"{bench.key}/{place}")
                height, width = slide.map.shape
                wanted = functional.conv2d(
                    double(bench.input)[None], double(slide.weight)[None], stride=bench.step
                )[0, 0]
                for _ in range(3):
                    y, x = (int(rng.integers(size)) for size in (height, width))
                    page.evaluate("at => document.querySelector('scope-kernel').show(...at)", [y, x])
                    shown = page.evaluate(PRINTED)
                    assert shown["at"] == [y + 1, x + 1]
                    reads = double(shown["input"]) * double(shown["weight"])
                    np.testing.assert_allclose(shown["product"], reads, atol=3e-3)
                    total, bias, value = shown["sum"]
                    assert total == pytest.approx(wanted[y, x].item(), abs=6e-4)
                    assert bias == pytest.approx(slide.bias, abs=6e-4)
                    assert value == pytest.approx(wanted[y, x].item() + slide.bias, abs=6e-4)
                    assert np.sum(shown["product"]) == pytest.approx(total, abs=6e-4 * bench.taps)
            assert key == 0 or page.locator(".bench:visible").get_attribute("data-bench") == "network"


def test_the_kernel_slides_by_keyboard_and_the_map_fills(browser, lessons, lively):
    with visit(browser, address(lessons, "kernel")) as page:
        page.evaluate("document.querySelector('scope-kernel').show(1, 1)")
        page.locator("[name=clear]").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        shown = page.evaluate(PRINTED)
        assert shown["at"] == [3, 3]
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert page.evaluate(PRINTED)["at"] == [1, 3]
        page.locator("[name=step]").click()
        assert page.evaluate(PRINTED)["at"] == [1, 4]
        page.locator("[name=fill]").click()
        assert page.evaluate(PRINTED)["filled"] == kernel_lab(lively).benches[0].slides[0].map.size
        page.locator("[name=clear]").click()
        assert page.evaluate(PRINTED)["filled"] == 1


def test_the_kernel_follows_the_mouse(browser, lessons, lively):
    height, width = kernel_lab(lively).benches[0].slides[0].map.shape
    with visit(browser, address(lessons, "kernel")) as page:
        box = page.locator(".bench:visible .map-cells").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 2.5 / width, box["y"] + box["height"] * 5.5 / height)
        assert page.evaluate(PRINTED)["at"] == [6, 3]


WALK = """(lab, chosen) => {
  for (const [name, choice] of Object.entries(chosen)) lab.querySelector(`[name=${name}]`).value = choice;
  lab.querySelector('select').dispatchEvent(new Event('change', { bubbles: true }));
  const count = selector => lab.querySelectorAll(selector).length, numbers = selector => [...lab.querySelectorAll(selector)].map(text => Number(text.textContent));
  return { padding: count('.padding'), lost: count('.lost:not(.casing)'), lines: count('.span'),
    left: Number(lab.querySelector('svg').getAttribute('viewBox').split(' ')[0]), said: count('.promises li'),
    visits: numbers('text:not(.zero, .answer)'), answers: numbers('.answer'),
    formula: lab.querySelector('.formula').textContent, holds: !lab.querySelector('.holds').hidden };
}"""


def walked(lab, chosen: dict, levels: list[int]) -> tuple[dict, tuple[int, int]]:
    """What the lab draws along one axis, checked against torch; and the padding before and after."""
    drawn = lab.evaluate(WALK, {name: str(choice) for name, choice in chosen.items()})
    axis = (-drawn["left"], drawn["padding"] + drawn["left"])
    window = (chosen["kernel"], chosen["stride"], chosen["dilation"])
    assert [*drawn["visits"], drawn["lines"]] == counted(chosen["pixels"], axis, *window)
    wanted = means(levels[: chosen["pixels"]], axis, *window)
    np.testing.assert_allclose(drawn["answers"], wanted[: drawn["lines"]], atol=6e-4)
    assert drawn["lost"] == dropped(chosen["pixels"], axis, *window)
    assert drawn["formula"].endswith(f"= {drawn['lines']}")
    assert drawn["holds"] == (drawn["said"] == 0)
    return drawn, axis


def test_forty_pictures_that_are_not_square_are_walked_as_torch_walks_them(browser, lessons, lively):
    _, pixels = stride_lab.pixel_row(lively)
    levels = [round(float(np.mean(pixel))) for pixel in pixels]
    rng = np.random.default_rng(9)
    with visit(browser, address(lessons, "stride-and-padding")) as page:
        lab = page.locator("scope-stride")
        for _ in range(40):
            # given: one setting down and another across, of a picture of products
            down, across = (
                {name: all[rng.integers(len(all))] for name, all in stride_lab.CHOICES.items()} for _ in "yx"
            )
            (rows, (top, bottom)), (columns, (left, right)) = (
                walked(lab, one, levels) for one in (down, across)
            )
            picture = torch.outer(double(levels[: down["pixels"]]), double(levels[: across["pixels"]]))
            padded = functional.pad(picture, (left, right, top, bottom))
            reach = [one["dilation"] * (one["kernel"] - 1) + 1 for one in (down, across)]
            if any(size < wide for size, wide in zip(padded.shape, reach, strict=True)):
                assert 0 in (rows["lines"], columns["lines"])
                continue
            even = torch.full(
                (1, 1, down["kernel"], across["kernel"]),
                1 / (down["kernel"] * across["kernel"]),
                dtype=torch.float64,
            )
            steps = {name: (down[name], across[name]) for name in ("stride", "dilation")}
            golden = functional.conv2d(padded[None, None], even, **steps)[0, 0]
            # then: so many outputs down and across, and each is the product of what the two walks print
            assert golden.shape == (rows["lines"], columns["lines"])
            np.testing.assert_allclose(np.outer(rows["answers"], columns["answers"]), golden, atol=1e-3 * 255)


def test_the_drawing_without_scripts_is_the_same(browser, lessons):
    seen = []
    for scripts in (True, False):
        with visit(browser, address(lessons, "stride-and-padding"), java_script_enabled=scripts) as page:
            drawing = page.locator("scope-stride svg").inner_html()
        parts = re.findall(r"<(\w+) ([^>]*)>([^<]*)", drawing)
        seen.append([
            (name, re.findall(r'(\w+)="([^"]*)"', said.replace(".0\"", "\"")), text.strip())
            for name, said, text in parts
        ])  # fmt: skip
    scripted, plain = ([(name, dict(said), text) for name, said, text in parts] for parts in seen)
    assert len(plain) > 30
    assert scripted == plain


def test_the_switches_and_what_a_shift_changes(browser, lessons, lively):
    lab = pooling_lab(lively)
    with visit(browser, address(lessons, "pooling")) as page:
        for shift in lab.shifts[1:]:
            page.select_option("[name=shift]", str(shift.by))
            best, where = functional.max_pool2d(double(shift.cells)[None, None], 2, return_indices=True)
            windows = functional.unfold(double(shift.cells)[None, None], 2, stride=2)[0]
            assert ((windows == windows.amax(0)).sum(0) > 1).any()  # ties, and the first of them is marked
            marked = page.locator("[data-matrix=cells] td").evaluate_all(
                "cells => cells.flatMap((cell, i) => cell.matches('.switch') ? [i] : [])"
            )
            assert marked == sorted(where.flatten().tolist())
            printed = [float(text) for text in page.locator("[data-matrix=max] td").all_text_contents()]
            assert printed == best.flatten().tolist()
            before = functional.max_pool2d(double(lab.shifts[0].cells)[None, None], 2)
            cells = int((shift.cells != lab.shifts[0].cells).sum())
            said = page.locator("scope-pooling .readout").text_content()
            assert (
                f"Moved by {shift.by}: {cells} of 64 cells changed, and {int((best != before).sum())} of 16 maxima."
                in said
            )
        page.select_option("[name=by]", "avg")
        assert page.locator(".switch").count() == 0
        assert page.locator("[data-matrix=max]").is_hidden()


def test_the_field_grows_with_the_slider(browser, lessons, lively):
    with visit(browser, address(lessons, "receptive-field")) as page:
        page.locator("scope-field input").focus()
        areas = []
        for name in lively.layers:
            words = page.locator("scope-field .readout").text_content()
            assert words.startswith(f"One cell of {name} sees")
            now = page.locator(".nested.now .line")
            areas.append(float(now.get_attribute("width")) * float(now.get_attribute("height")))
            page.keyboard.press("ArrowRight")
        assert areas == sorted(areas)
        assert areas[0] < areas[-1]


def test_a_guess_opens_the_answer(browser, lessons):
    with visit(browser, address(lessons, "kernel")) as page:
        assert not page.locator("details p").first.is_visible()
        page.locator(".predict input").first.focus()
        page.keyboard.press("Space")
        assert page.locator(".verdict-line").text_content() == "Not quite: Zero."
        assert page.locator("details .read").is_visible()
        page.keyboard.press("ArrowDown")
        assert page.locator(".verdict-line").text_content() == "Yes."
        assert page.locator(".predict .right span").text_content() == "Zero"
