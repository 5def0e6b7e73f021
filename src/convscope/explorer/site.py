"""What all pages of one atlas share: its data, the templates, and how an address becomes text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.diagnosis.symptoms import Diagnosis
from convscope.errors import UnknownName
from convscope.explorer import addresses, channels, charts
from convscope.explorer.addresses import Here, has
from convscope.explorer.assets import icon
from convscope.explorer.excerpt import is_in, kept_of, shows_images
from convscope.explorer.guard import POLICY
from convscope.plain.names import escape
from convscope.version import __version__


@dataclass(frozen=True)
class Asked:
    """What a request asks of a page: the parts of its address, and what follows the question mark."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


class Site:
    """One atlas and the templates its pages are made of.

    With ``portable`` every link names its ``index.html``, so that the pages open from a disk. With ``token`` a
    model is attached, and the pages may ask it.
    """

    def __init__(self, atlas: Atlas, *, portable: bool = False, nav: Mapping[str, str], token: str = ""):
        self.atlas = atlas
        self.portable = portable
        self.templates = _environment(atlas, nav)
        self.templates.globals["live"] = token
        self.diagnoses: dict[tuple[int, ...], Diagnosis] = {}  # the last one, by when its whys were written

    def render(self, template: str, depth: int, **data: Any) -> str:
        """A template as text; ``depth`` is how many folders deep the page lies."""
        return self.templates.get_template(template).render(here=self.here(depth), **data)

    def here(self, depth: int) -> Here:
        return Here(depth, self.portable)

    def layer(self, folder: str) -> AtlasLayer:
        """A layer by its escaped name; raises UnknownName."""
        by_folder = {escape(name): layer for name, layer in self.atlas.layers.items()}
        if folder not in by_folder:
            raise UnknownName("layer", folder, by_folder)
        return by_folder[folder]

    def channel(self, layer: AtlasLayer, text: str) -> int:
        """A channel number as it stands in an address; raises UnknownName where it is no number."""
        # "٣".isdigit() holds too, and int() of a very long number is refused by Python itself
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise UnknownName("channel", text, map(str, range(layer.channels)))
        return int(text)

    def photographs(self) -> list[int]:
        """Rows of the chosen images whose photograph is there, in the order of the atlas."""
        return [row for row in self.atlas.chosen if has(self.atlas, layout.photo_file(Path(), row))]

    def unfinished(self) -> Iterator[str]:
        """Layers that have no pictures yet."""
        return (name for name, layer in self.atlas.layers.items() if not layer.pictures)

    def problem(self, title: str, sentence: str, depth: int) -> str:
        """A page that says what is wrong and where to go; needs nothing of the atlas."""
        return self.render("problem.html", depth, title=title, sentence=sentence)


def _environment(atlas: Atlas, nav: Mapping[str, str]) -> Environment:
    environment = Environment(
        loader=PackageLoader("convscope.explorer"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"number": charts.number, "percent": charts.percent, "exact": charts.exact}
    environment.globals |= {
        "atlas": atlas,
        "images": atlas.images,
        "model": atlas.manifest["model"],
        "version": __version__,
        "policy": POLICY,
        "icon": icon(),
        "nav": nav,
        "layout": layout,
        "nowhere": Path(),
        "layer_page": addresses.layer_page,
        "sheet_picture": cache(addresses.sheet_picture),  # a page has a thousand windows on 16 sheets
        "class_page": addresses.class_page,
        "gallery_page": addresses.gallery_page,
        "image_page": addresses.image_page,
        "home_of": lambda row: addresses.home_of(atlas, row),
        "excerpt": kept_of(atlas),
        "pictured": shows_images(atlas),
        "inside": lambda layer, channel: is_in(atlas, layer, channel),
        "escape_name": escape,
        "has": lambda address: has(atlas, address),
        "bar": charts.bar,
        "tint": charts.tint,
        "class_name": lambda index: channels.class_name(atlas, int(index)),
        "label_name": lambda index: channels.label_name(atlas, int(index)),
    }
    return environment
