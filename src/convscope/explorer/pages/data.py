"""What pages show, as JSON for other programs: ``layer/conv4/`` is ``api/v1/layer/conv4.json``, live and published."""

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.addresses import layer_page
from convscope.explorer.channels import Card, cards
from convscope.explorer.excerpt import channels_in, rows_in
from convscope.explorer.page import Page, only
from convscope.explorer.panel import Winner, boxes_of, winners
from convscope.explorer.site import Asked, Site
from convscope.version import __version__

ROOM = "api/v1/"


def data_address(page: str) -> str:
    """Where a page's data lie.

    >>> data_address(""), data_address("layer/conv4/")
    ('api/v1/index.json', 'api/v1/layer/conv4.json')
    """
    return f"{ROOM}{page.rstrip('/') or 'index'}.json"


def _write_index(site: Site, asked: Asked) -> str:
    about = site.atlas.manifest
    return _text({
        "convscope": __version__, "stage": about["stage"],
        "model": {name: about["model"][name] for name in ("id", "name", "classes", "height", "width", "channels", "parameters")},
        "images": {name: about["images"][name] for name in ("name", "classes")} | {"count": len(rows_in(site.atlas))},
        "data": {"layers": data_address("layer/"), "images": data_address("images/")},
    })  # fmt: skip


def _write_layers(site: Site, asked: Asked) -> str:
    return _text([
        _about(site.atlas, layer) | {"data": data_address(layer_page(layer.name))}
        for layer in site.atlas.layers.values()
    ])  # fmt: skip


def _write_layer(site: Site, asked: Asked) -> str:
    atlas, layer = site.atlas, site.layer(asked.path["folder"])
    boxes_at = boxes_of(atlas, layer)
    channels = [
        _channel(atlas, card)
        | {"winners": [_winner(one) for one in winners(atlas, layer, card.channel, boxes_at)]}
        for card in cards(atlas, layer)
    ]
    return _text(_about(atlas, layer) | {"all": channels})


def _write_images(site: Site, asked: Asked) -> str:
    images, named, called = site.atlas.images, site.atlas.image_classes, site.atlas.classes
    return _text([
        {
            "row": row, "id": images.ids[row], "split": images.splits[row],
            "label": _name(named, int(images.labels[row])), "predicted": _name(called, int(images.predicted[row])),
            "probability": _number(float(images.probability[row])),
            "margin": None if images.margin is None else _number(float(images.margin[row])),
        }
        for row in rows_in(site.atlas).tolist()
    ])  # fmt: skip


def _about(atlas: Atlas, layer: AtlasLayer) -> dict[str, Any]:
    field = layer.field
    return {
        "layer": layer.name, "operation": layer.operation, "chain": layer.chain, "shape": layer.shape,
        "channels": len(channels_in(atlas, layer.name)),
        "field": {"size": field.size, "stride": field.stride, "start": field.start, "exact": field.exact},
        "tiles show": layer.middle or field.size, "lens": layer.lens, "lens reason": layer.lens_reason,
        "validity": layer.validity.as_dict(),
    }  # fmt: skip


def _channel(atlas: Atlas, card: Card) -> dict[str, Any]:
    return {
        "channel": card.channel, "maximum": _number(card.maximum), "mean": _number(card.mean),
        "share above zero": _number(card.positive), "class selectivity": _number(card.selectivity),
        "strongest class": _name(atlas.image_classes, card.favourite),
    }  # fmt: skip


def _winner(winner: Winner) -> dict[str, Any]:
    return {
        "value": _number(winner.value), "row": winner.row, "id": winner.id,
        "sees": winner.box, "tile shows": winner.shown, "near-duplicate": winner.duplicate,
    }  # fmt: skip


def _name(names: Any, index: int) -> str | None:
    return names[index] if index >= 0 else None


def _number(value: float) -> float | None:
    """JSON knows no infinity and no NaN."""
    return value if isfinite(value) else None


def _text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _layers(atlas: Atlas) -> Iterator[str]:
    return (data_address(layer_page(name)) for name in atlas.layers)


JSON = "application/json"
INDEX = Page(f"/{data_address('')}", _write_index, only(data_address("")), media=JSON)
LAYERS = Page(f"/{data_address('layer/')}", _write_layers, only(data_address("layer/")), media=JSON)
LAYER = Page(f"/{ROOM}layer/{{folder}}.json", _write_layer, _layers, media=JSON)
IMAGES = Page(f"/{data_address('images/')}", _write_images, only(data_address("images/")), media=JSON)
PAGES = (INDEX, LAYERS, LAYER, IMAGES)
