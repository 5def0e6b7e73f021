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


@pytest.mark.parametrize(
    ("address", "kind", "unit", "against"),
    [
        ("image/1/?unit=relu1:0", "occlusion", "relu1:0", ""),
        ("image/1/?unit=relu1:0", "gradcam", "relu1:0", ""),
        ("image/3/why/", "why", "", "dog's"),  # not asked yet
        ("image/4/why/", "why", "", "dog's"),  # asked, against others
    ],
)
def test_a_button_sends_its_kind_with_the_chosen_map_or_the_chosen_class(
    browser, url, asked, address, kind, unit, against
):
    page = browser.new_page()
    page.goto(f"{url}{address}")
    if against:
        page.select_option("scope-live select", against)
    else:
        until(page, f"() => document.querySelector('scope-stack').unit === '{unit}'")
    page.click(f"[data-kind={kind}]")
    for _ in range(200):
        if not asked:
            page.wait_for_timeout(40)
    page.close()
    (wish,) = asked
    assert (wish.kind, wish.image, wish.unit, wish.against) == (kind, address[6], unit, against)
