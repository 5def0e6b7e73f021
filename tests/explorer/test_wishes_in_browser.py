"""Every kind of answer that a live model can give has a button, which sends what it needs to be asked for."""

import pytest

from .conftest import running
from .test_browser import until

pytestmark = pytest.mark.browser


@pytest.fixture
def asked():
    return []


@pytest.fixture
def url(own, asked):
    def answer(atlas, wish, tell, cancelled):
        asked.append(wish)
        return {"page": f"image/{wish.image}/"}

    kinds = ("stack", "deconvnet", "occlusion", "gradcam", "why")
    with running(own, live=dict.fromkeys(kinds, answer)) as address:
        yield address


def test_each_button_sends_its_kind_with_the_chosen_map_or_the_chosen_class(browser, url, asked):
    page = browser.new_page()

    def answered(number: int) -> None:
        for _ in range(200):
            if len(asked) > number:
                return
            page.wait_for_timeout(40)

    for number, kind in enumerate(("occlusion", "gradcam", "deconvnet")):
        page.goto(f"{url}image/1/?unit=relu1:0")
        until(page, "() => document.querySelector('scope-stack').unit === 'relu1:0'")
        page.click(f"[data-kind={kind}]")
        answered(number)
    for number, address in enumerate(("image/3/why/", "image/4/why/"), 3):  # not asked yet, and asked
        page.goto(f"{url}{address}")
        page.select_option("scope-live select", "dog's")
        page.click("[data-kind=why]")
        answered(number)
    page.close()
    assert [(wish.kind, wish.image, wish.unit, wish.against) for wish in asked] == [
        ("occlusion", "1", "relu1:0", ""), ("gradcam", "1", "relu1:0", ""), ("deconvnet", "1", "relu1:0", ""),
        ("why", "3", "", "dog's"), ("why", "4", "", "dog's"),
    ]  # fmt: skip
