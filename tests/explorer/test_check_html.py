"""Every page is the HTML that it means to be: a browser builds the very tree that is written, and no reference is dead.

No validator is used (the strict parsers for Python are unkept or heavy): Chromium's own parser says where it had to
mend, and the rules that need a reading of the standard's content models are a stated few.
"""

import itertools
from collections import Counter
from html.parser import HTMLParser

import pytest

from convscope.explorer.packed import unpacked
from convscope.explorer.pages import page_addresses, script_addresses

VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
ONLY_WORDS = {
    "p",
    "span",
    "h1",
    "h2",
    "h3",
    "button",
    "label",
    "b",
    "strong",
    "code",
    "kbd",
    "output",
    "legend",
    "pre",
    "small",
}
BLOCKS = {
    "address", "article", "aside", "dialog", "div", "dl", "details", "fieldset", "figure", "footer", "form", "h1", "h2",
    "h3", "header", "li", "main", "nav", "ol", "p", "pre", "section", "table", "ul",
}  # fmt: skip
MAY_HOLD = {
    "ul": {"li", "script", "template"}, "ol": {"li"}, "dl": {"div", "dt", "dd"}, "select": {"option", "optgroup"},
    "tr": {"td", "th"}, "thead": {"tr"}, "tbody": {"tr"}, "table": {"caption", "thead", "tbody", "tr"}, "datalist": {"option"},
}  # fmt: skip
POINTING = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list")
# the tree as Chromium builds it; a row of a table is put into a body of its own, which may be left unwritten
BUILT = """pages => {
  const outline = node => [...(node.localName === 'template' ? node.content : node).children].map(child => child.localName === 'tbody' ? outline(child)
    : `${child.localName.toLowerCase()}(${outline(child)})`).join('');
  return pages.map(text => outline(new DOMParser().parseFromString(text, 'text/html')));
}"""


class Written(HTMLParser):
    """The tree as it is written, and what is wrong with it."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.tree, self.wrong, self.ids, self.targets = [], [], Counter(), []
        self.feed(page)
        self.close()
        self.wrong += [f"<{tag}> is never closed" for tag in self.open]
        self.wrong += [f"two things are called {name!r}" for name, count in self.ids.items() if count > 1]
        self.wrong += [
            f"{name}={target!r} leads nowhere" for name, target in self.targets if target not in self.ids
        ]

    def handle_starttag(self, tag, attrs):
        self.begin(tag, attrs)
        if tag in VOID:
            self.tree.append("()")
        else:
            self.open.append(tag)
            self.tree.append("(" if tag != "tbody" else "")

    def handle_startendtag(self, tag, attrs):
        self.begin(tag, attrs)
        self.tree.append("()")
        if "svg" not in self.open and tag not in VOID:
            self.wrong.append(f"<{tag}/> does not close itself")

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> within {' '.join(self.open[-3:])}, line {self.getpos()[0]}")
        else:
            self.open.pop()
            self.tree.append(")" if tag != "tbody" else "")

    def begin(self, tag, attrs):
        self.tree.append(tag if tag != "tbody" else "")
        names = dict(attrs)
        if len(names) < len(attrs):
            self.wrong.append(f"<{tag}> has an attribute twice: {attrs}")
        self.ids.update([names["id"]] if "id" in names else [])
        self.targets += [(name, one) for name in POINTING for one in (names.get(name) or "").split()]
        self.targets += (
            [("href", names["href"][1:])]
            if len(names.get("href") or "") > 1 and names["href"][0] == "#"
            else []
        )
        words = next((part for part in reversed(self.open) if part in ONLY_WORDS), None)
        if words and tag in BLOCKS and "svg" not in self.open:
            self.wrong.append(f"<{tag}> within <{words}>, line {self.getpos()[0]}")
        parent = self.open[-1] if self.open else ""
        if tag not in MAY_HOLD.get(parent, {tag}):
            self.wrong.append(f"<{tag}> straight within <{parent}>, line {self.getpos()[0]}")
        if tag == "button" and "type" not in names:
            self.wrong.append(f"<button> without a type, line {self.getpos()[0]}")


def whole(panel: str) -> str:
    """A panel of a script as a page of its own."""
    return f'<!doctype html>\n<html lang="en"><head><title>panel</title></head><body>{panel}</body></html>'


@pytest.fixture(scope="module")
def texts(atlas, site) -> dict[str, str]:
    """Every published page, and one panel of every script of panels."""
    pages = {address: (site / address / "index.html").read_text() for address in page_addresses(atlas)}
    shards = [address for address in script_addresses(atlas) if "/panels/" in address]
    return pages | {address: whole(unpacked((site / address).read_text())[-1]) for address in shards}


def test_every_page_is_well_made_and_points_at_what_it_has(texts):
    wrong = {address: found for address, text in texts.items() if (found := Written(text).wrong)}
    assert wrong == {}
    for text in texts.values():
        assert text.startswith('<!doctype html>\n<html lang="en"')
        assert text.partition("</head>")[0].count("<title>") == 1


@pytest.mark.browser
def test_a_browser_builds_the_tree_that_is_written(browser, texts):
    page = browser.new_page()
    built = page.evaluate(BUILT, list(texts.values()))
    page.close()
    for address, text, tree in zip(texts, texts.values(), built, strict=True):
        written = "".join(Written(text).tree)
        place = next(
            (i for i, pair in enumerate(itertools.zip_longest(written, tree)) if len(set(pair)) > 1), None
        )
        assert place is None, (
            f"{address}: {written[place - 80 : place + 40]} became {tree[place - 80 : place + 40]}"
        )
