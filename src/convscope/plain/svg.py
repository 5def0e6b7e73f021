"""SVG written by hand: elements, text and embedded pictures; nothing from outside."""

import re
from base64 import b64encode
from textwrap import wrap
from xml.sax.saxutils import escape, quoteattr

Number = float | int


def element(name: str, *children: str, **attributes: str | Number | None) -> str:
    """One element; attribute names get ``-`` for ``_`` and lose a last one, None is left out.

    >>> element("rect", width=3, fill_opacity=0.5, class_="card")
    '<rect width="3" fill-opacity="0.5" class="card"/>'
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_written(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(children)
    return f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>"


def _written(value: str | Number) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def words(text: str, x: Number, y: Number, class_: str = "", anchor: str | None = None) -> str:
    """One line of text with its baseline at (x, y); ``anchor`` is middle or end, start by default."""
    return element("text", escape(text), x=x, y=y, class_=class_ or None, text_anchor=anchor)


def lines_of(texts: tuple[str, ...], characters: int) -> list[str]:
    """Texts broken into lines of about so many characters, never inside a word or before a number."""
    bound = [re.sub(r"(\w) (?=\d)", "\\1\N{NO-BREAK SPACE}", text) for text in texts]
    return [
        line
        for text in bound
        for line in wrap(text, characters, break_long_words=False, break_on_hyphens=False)
    ]


def picture(data: bytes, kind: str, x: Number, y: Number, width: Number, height: Number) -> str:
    """An embedded image, ``kind`` png or jpeg, stretched to the box."""
    return element(
        "image", x=x, y=y, width=width, height=height, preserveAspectRatio="none",
        href=f"data:image/{kind};base64,{b64encode(data).decode()}",
    )  # fmt: skip


def polygon(*points: tuple[Number, Number], class_: str) -> str:
    return element("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)
