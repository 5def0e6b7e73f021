"""Every page of the site as text: data from the atlas, words and order from the templates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.errors import UnknownName
from convscope.explorer import addresses, channels, charts
from convscope.explorer.about import facts
from convscope.explorer.addresses import PANELS_A_SHARD, Here, has, has_loupe
from convscope.explorer.gallery import gallery_page, groups, home_of, wrong
from convscope.explorer.guard import POLICY
from convscope.explorer.lessons import LESSONS
from convscope.explorer.loupe import Opening, opening, script
from convscope.plain.names import escape
from convscope.version import __version__

TEASERS = 6  # channels shown beside each layer in the list of layers


class Pages:
    """The pages of one atlas.

    With ``portable`` every link names its ``index.html``, so that the pages open from a disk. Methods
    raise UnknownName with the nearest names, and BadAtlas where a file is missing or damaged.
    """

    def __init__(self, atlas: Atlas, *, portable: bool = False):
        self.atlas = atlas
        self.portable = portable
        self.templates = _environment(atlas)

    def addresses(self) -> Iterator[str]:
        """The address of every page."""
        yield from ("", "layer/", "about/", "learn/")
        yield from (lesson.page for lesson in LESSONS.values())
        yield from (addresses.layer_page(name) for name in self.atlas.layers)
        for group in groups(self.atlas).values():
            yield from (gallery_page(group.key, number + 1) for number in range(group.pages))

    def loupe(self) -> str:
        first = opening(self.atlas)
        ready = [layer for layer in self.atlas.layers.values() if has_loupe(self.atlas, layer.name)]
        return self._render(
            "loupe.html", 0, opening=first, layers=ready, chosen=self._chosen(),
            config=first and self._loupe_config(first, ready),
        )  # fmt: skip

    def layers(self) -> str:
        def dead(layer: AtlasLayer) -> int:
            return int(self.atlas.channels(layer.name)["dead"].sum())

        return self._render("layers.html", 1, dead=dead, teasers=TEASERS)

    def layer(self, folder: str, channel: str | None = None) -> str:
        """The page of a layer by its escaped name, with one channel opened where asked."""
        layer = self._layer(folder)
        opened = None if channel is None else self._panel(layer, channel)
        return self._render(
            "layer.html", 2, layer=layer, cards=channels.cards(self.atlas, layer), opened=opened,
            kernels=self._kernels(layer.name), chosen=self._chosen(), shards=PANELS_A_SHARD,
        )  # fmt: skip

    def panels(self, folder: str, shard: int) -> str:
        """64 channel panels as a call of ``Scope.panels``: the text that ``?c=`` shows on the server."""
        layer = self._layer(folder)
        first = shard * PANELS_A_SHARD
        if shard not in addresses.shards(layer):
            raise UnknownName("panel shard", shard, map(str, addresses.shards(layer)))
        template: Any = self.templates.get_template("panel.html").module
        here = Here(2, self.portable)
        texts = [
            str(template.panel(channels.panel(self.atlas, layer, channel), here))
            for channel in range(first, min(first + PANELS_A_SHARD, layer.channels))
        ]
        return f"Scope.panels({shard}, {json.dumps(texts)});\n"

    def loupe_script(self, chosen: int, folder: str) -> str:
        if chosen not in range(len(self.atlas.chosen)):
            raise UnknownName("chosen image", chosen, map(str, range(len(self.atlas.chosen))))
        return script(self.atlas, chosen, self._layer(folder).name)

    def gallery(self, group: str = "all", number: int = 1) -> str:
        """One page of the images of a group; raises UnknownName."""
        every = groups(self.atlas)
        if group not in every:
            raise UnknownName("group of images", group, every)
        chosen = {row: place for place, row in enumerate(self.atlas.chosen)}
        return self._render(
            "images.html", gallery_page(group, number).count("/"), group=every[group], groups=every,
            number=number, rows=every[group].page(number).tolist(), wrong=wrong(self.atlas), chosen=chosen,
        )  # fmt: skip

    def learn(self) -> str:
        return self._render("learn.html", 1, lessons=LESSONS)

    def lesson(self, key: str) -> str:
        """One lesson with its lab; raises UnknownName."""
        if key not in LESSONS:
            raise UnknownName("lesson", key, LESSONS)
        lab = LESSONS[key].material(self.atlas)
        return self._render(f"learn-{key}.html", 2, lesson=LESSONS[key], lessons=LESSONS, lab=lab)

    def about(self) -> str:
        return self._render("about.html", 1, sections=facts(self.atlas), unfinished=self._unfinished())

    def problem(self, title: str, sentence: str, depth: int) -> str:
        """A page that says what is wrong and where to go; needs nothing of the atlas."""
        return self._render("problem.html", depth, title=title, sentence=sentence)

    def _render(self, template: str, depth: int, **data: Any) -> str:
        return self.templates.get_template(template).render(here=Here(depth, self.portable), **data)

    def _layer(self, folder: str) -> AtlasLayer:
        by_folder = {escape(name): layer for name, layer in self.atlas.layers.items()}
        if folder not in by_folder:
            raise UnknownName("layer", folder, by_folder)
        return by_folder[folder]

    def _panel(self, layer: AtlasLayer, channel: str) -> channels.Panel:
        # "٣".isdigit() holds too, and int() of a very long number is refused by Python itself
        if not (channel.isascii() and channel.isdigit() and len(channel) < 10):
            raise UnknownName("channel", channel, map(str, range(layer.channels)))
        return channels.panel(self.atlas, layer, int(channel))

    def _chosen(self) -> list[int]:
        """Rows of the chosen images whose photograph is there, in the order of the atlas."""
        return [row for row in self.atlas.chosen if has(self.atlas, layout.photo_file(Path(), row))]

    def _unfinished(self) -> list[str]:
        return [name for name, layer in self.atlas.layers.items() if not layer.pictures]

    def _kernels(self, layer: str) -> tuple[int, int] | None:
        """(width, height) in pixels of the picture of kernels; None where there is none to read."""
        try:
            with Image.open(layout.kernels_file(self.atlas.path, layer)) as picture:
                return picture.size
        except OSError:
            return None

    def _loupe_config(self, first: Opening, layers: list[AtlasLayer]) -> dict[str, Any]:
        model = self.atlas.manifest["model"]
        grid = first.sight.cells
        points = [grid.centre(y, x) for y, x in first.waypoints]
        return {
            "height": model["height"],
            "width": model["width"],
            "images": [self._image(row) for row in self.atlas.chosen],
            "layers": [_layer_config(layer) for layer in layers],
            "image": first.chosen,
            "layer": first.sight.layer.name,
            "tour": [[x / model["width"], y / model["height"]] for x, y in points],
        }

    def _image(self, row: int) -> dict[str, Any]:
        images = self.atlas.images
        return {
            "row": row,
            "id": images.ids[row],
            "photo": layout.photo_file(Path(), row).as_posix(),
            "predicted": channels.class_name(self.atlas, int(images.predicted[row])),
            "probability": charts.percent(float(images.probability[row])),
            "label": channels.label_name(self.atlas, int(images.labels[row]), ""),
            "right": bool(images.predicted[row] == self.atlas.truth[row]),
        }


def _layer_config(layer: AtlasLayer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "folder": escape(layer.name),
        "channels": layer.channels,
        "tile": layer.tile,
        "height": layer.shape[1],
        "width": layer.shape[2],
    }


def _environment(atlas: Atlas) -> Environment:
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
        "layout": layout,
        "nowhere": Path(),
        "layer_page": addresses.layer_page,
        "gallery_page": gallery_page,
        "home_of": home_of,
        "escape_name": escape,
        "has": lambda address: has(atlas, address),
        "bar": charts.bar,
        "tint": charts.tint,
        "class_name": lambda index: channels.class_name(atlas, int(index)),
        "label_name": lambda index: channels.label_name(atlas, int(index)),
    }
    return environment
