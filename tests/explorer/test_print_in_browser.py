"""What comes onto paper: an open channel, all of it and nothing else; dark ink, whatever the screen's colours."""

from .visiting import until, visit


def test_an_open_channel_is_printed_whole_and_alone(browser, served):
    with visit(browser, f"{served}layer/relu1/?c=3") as page:
        until(page, "() => document.querySelector('dialog.wide').matches(':modal')")
        page.emulate_media(media="print")
        rest, part, whole, paper = page.evaluate("""() => {
          const seen = document.querySelector('dialog.wide'), height = selector => document.querySelector(selector).getBoundingClientRect().height;
          return [height('.grid') + height('footer'), seen.clientHeight, seen.scrollHeight, document.documentElement.scrollHeight];
        }""")
        assert rest == 0
        assert part == whole > page.viewport_size["height"]
        assert paper >= whole
        assert page.locator("scope-copy button:not([hidden])").count() == 2
        assert not page.locator("scope-copy button:visible").count()  # nothing to press on paper


def test_ink_is_dark_on_paper(browser, served):
    with visit(browser, served) as page:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        ink = "getComputedStyle(document.body).color"
        assert page.evaluate(ink) == "rgb(230, 231, 233)"
        page.emulate_media(media="print")
        assert page.evaluate(ink) == "rgb(29, 31, 35)"


def test_code_is_printed_to_its_end(browser, served):
    with visit(browser, f"{served}learn/kernel/", viewport={"width": 700, "height": 900}) as page:
        page.emulate_media(media="print")
        assert page.evaluate(
            "[...document.querySelectorAll('pre')].every(one => one.scrollWidth <= one.clientWidth)"
        )
