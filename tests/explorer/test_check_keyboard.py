"""Check 13: with the keyboard alone from the first page to two channels side by side and back, never losing the focus."""

import pytest

from .visiting import loupe_ready, until, visit

pytestmark = pytest.mark.browser
# what keeps a reader from seeing where the focus is; nothing where its frame is drawn whole and in sight
UNSEEN = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  if (at === document.body) return 'nothing has the focus';
  const name = at.outerHTML.slice(0, 90);
  if (!at.matches(':focus-visible') || style.outlineStyle !== 'solid' || parseFloat(style.outlineWidth) < 3) return `no frame: ${name}`;
  const reach = parseFloat(style.outlineOffset) + 1, frame = [box.left - reach, box.top - reach, -box.right - reach, -box.bottom - reach];
  if (frame[0] > innerWidth || frame[1] > innerHeight || frame[2] > 0 || frame[3] > 0) return `out of sight: ${name}`;
  for (let part = at.parentElement; part; part = part.parentElement) {
    const { overflowX, contentVisibility, overflowClipMargin } = getComputedStyle(part), edge = part.getBoundingClientRect();
    const more = overflowX === 'clip' ? parseFloat(overflowClipMargin) : 0;
    const clips = overflowX !== 'visible' && !part.matches('dialog, html, body') || contentVisibility === 'auto';
    const kept = [edge.left, edge.top, -edge.right, -edge.bottom].map(side => side - more);
    if (clips && frame.some((side, i) => side < kept[i] - 0.5)) return `cut off by ${part.tagName}.${part.className}: ${name}`;
  }
  return '';
}"""
ON_CARD = "channel => document.activeElement.closest('.card')?.dataset.channel === channel"
LETTERS = "ljknpcrmyg?/[]123"  # the first would open the layers, after a g


def seen(page) -> None:
    assert page.evaluate(UNSEEN) == ""


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def shown(page, layer: str, channel: str = "") -> str:
    """Waits for the panel of a channel of a layer; gives its name."""
    until(page, "([layer, channel]) => { const panel = document.querySelector('dialog:modal .panel');"
          " return panel?.dataset.name.startsWith(`${layer}:${channel}`); }", [layer, channel])  # fmt: skip
    return page.locator(".panel").get_attribute("data-name")


def test_from_the_loupe_to_two_channels_side_by_side_and_back(browser, served):
    with visit(browser, served) as page:
        loupe_ready(page)
        # given: a shallower layer, and the second channel that answers there
        press(page, "[")
        loupe_ready(page, 3, "relu1")
        press(page, "]", "[", "2")
        seen(page)
        channel = page.evaluate("document.activeElement.closest('.answer').dataset.channel")
        press(page, "Enter")
        page.wait_for_url("**/layer/relu1/?c=*")
        first = shown(page, "relu1", channel)
        # when: it is pinned, Esc closes it, and another card is opened, pinned and closed
        press(page, "p", "Escape")
        until(page, ON_CARD, channel)
        seen(page)
        press(page, "Shift+Tab" if channel == "9" else "Tab")
        seen(page)
        other = page.evaluate("document.activeElement.closest('.card').dataset.channel")
        press(page, "Enter")
        second = shown(page, "relu1", other)
        seen(page)
        press(page, "p", "k" if other == "9" else "j", "Escape")
        until(page, ON_CARD, other)
        seen(page)
        # then: both stand side by side, and the way back leads where one came from
        press(page, "c")
        page.wait_for_url("**/compare/?*")
        until(page, "() => document.querySelectorAll('.pair-of-panels .panel').length === 2")
        names = page.locator(".pair-of-panels .panel").evaluate_all("all => all.map(one => one.dataset.name)")
        assert names == [first, second]
        press(page, "Tab", "Tab")
        seen(page)
        press(page, "Enter")
        page.wait_for_url(served)
        page.go_back()
        page.wait_for_url("**/compare/?*")
        page.go_back()
        page.wait_for_url("**/layer/relu1/")


@pytest.mark.parametrize(
    "address", ["", "layer/relu1/", "image/1/", "search/?q=head", "compare/?a=relu1:3&b=relu1:4"]
)
def test_wherever_the_tab_key_leads_is_framed(browser, served, address):
    with visit(browser, served + address) as page:
        page.wait_for_load_state("networkidle")
        press(page, "Tab")
        stops = 0
        while page.evaluate("document.activeElement !== document.body") and stops < 45:
            seen(page)
            press(page, "Tab")
            stops += 1
        assert stops > 15


def test_the_skip_link_leads_on_and_says_so(browser, served):
    with visit(browser, f"{served}about/") as page:
        press(page, "Tab", "Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_to_the_next_layer_any_channel_and_its_address_and_python_copied(browser, served):
    with visit(browser, f"{served}layer/relu1/") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        press(page, "]")
        page.wait_for_url("**/layer/layer2.0.relu~232/")
        press(page, "r")
        name = shown(page, "layer2.0.relu#2")
        assert page.url.endswith(f"/layer/layer2.0.relu~232/?c={name.partition(':')[2]}")
        copied = "text => navigator.clipboard.readText().then(found => found.includes(text))"
        press(page, "y")
        until(page, "document.querySelector('.copied').textContent === 'Address copied'")
        assert page.evaluate(copied, page.url)
        press(page, "Shift+Y")
        until(page, "document.querySelector('.copied').textContent === 'Python copied'")
        assert page.evaluate(copied, "import convscope as cs")
        press(page, "[")
        page.wait_for_url("**/layer/relu1/")


@pytest.mark.parametrize("how", ["typing", "switched off"])
def test_letters_do_nothing_while_typing_or_where_they_are_switched_off(browser, served, how):
    state = """() => [location.pathname, Scope.get('c'), Scope.store('pins'), document.querySelector('dialog:modal') !== null,
      document.querySelector('.panel-bar select').value]"""
    with visit(browser, f"{served}layer/relu1/") as page:
        if how == "typing":
            press(page, "g")  # and no second key may complete it out of a field
            page.focus("[name=f]")
        else:
            press(page, "?")
            page.focus(".keys + label input")
            press(page, "Space", "Escape")
        before = page.evaluate(state)
        page.keyboard.type(LETTERS)
        assert page.evaluate(state) == before == ["/layer/relu1/", None, None, False, ""]
        assert page.locator("[name=f]").input_value() == (LETTERS if how == "typing" else "")
        if how == "switched off":  # then: on the Loupe too, until they are switched on again
            page.goto(served)
            loupe_ready(page)
            page.keyboard.type("[r1?")
            loupe_ready(page)
            assert not page.locator(".answer.random").is_visible()
            page.evaluate("document.querySelector('.keys + label input').click()")
            press(page, "r")
            assert page.locator(".answer.random").is_visible()


def test_esc_gives_the_focus_back_to_the_button_that_opened_the_list_of_keys(browser, served):
    with visit(browser, f"{served}about/") as page:
        button = page.locator("scope-keys > button")
        button.focus()
        press(page, "Enter", "Escape")
        assert button.evaluate("button => button === document.activeElement")
        seen(page)
