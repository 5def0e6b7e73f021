"""Reading an atlas: nothing in it is trusted before it has been checked, and torch is never needed."""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from safetensors import safe_open

from convscope.atlas import layout
from convscope.atlas.check import (
    MEASURE,
    check_columns,
    check_evolution,
    check_lessons,
    check_numbers,
    check_peaks,
    check_weights,
    read_arrays,
    read_json,
    read_manifest,
    readable,
)
from convscope.atlas.entries import AtlasImages, AtlasLayer
from convscope.atlas.frame import as_frame
from convscope.atlas.neighbours import nearest, standardised
from convscope.atlas.selectivity import selectivity
from convscope.errors import BadAtlas, UnknownName
from convscope.plain.boxes import Box
from convscope.plain.field import Field
from convscope.plain.fit import Fit
from convscope.plain.graph import Graph
from convscope.plain.pixelmap import PixelMap
from convscope.plain.question import Question
from convscope.plain.validity import Validity
from convscope.plain.why import Why, read_why

WHY = re.compile(r"(\d{1,9})-(\d{1,9})\.json")


class Atlas:
    """A survey on disk: numbers of every channel of every layer, and pictures where they were made."""

    def __init__(self, path: Path, manifest: dict[str, Any]):
        self.path = path
        self.manifest = manifest
        self._numbers: dict[str, Mapping[str, np.ndarray]] = {}
        self._peaks: dict[str, np.ndarray] = {}

    def __repr__(self) -> str:
        channels = sum(layer.channels for layer in self.layers.values())
        return (
            f"<Atlas of {self.manifest['model']['name']}: {len(self.layers)} layers, {channels} channels, "
            f"{len(self.images)} images, at {self.path}>"
        )

    def _repr_html_(self) -> str:
        from convscope.atlas.notebook import as_html

        return as_html(self)

    def _repr_png_(self) -> bytes | None:
        from convscope.atlas.notebook import as_png

        return as_png(self)

    @property
    def stage(self) -> str:
        """``numbers``, ``pictures`` or ``complete``."""
        return self.manifest["stage"]

    @property
    def control(self) -> bool:
        """Whether the network had random weights: an atlas to compare the trained one's with."""
        return self.manifest["survey"].get("control", "none") != "none"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the model's outputs."""
        return tuple(self.manifest["model"]["classes"])

    @property
    def image_classes(self) -> tuple[str, ...]:
        """Names of the labels of the images; they may differ from what the model can answer."""
        return tuple(self.manifest["images"]["classes"])

    @property
    def chosen(self) -> tuple[int, ...]:
        """Rows of the images that the Loupe can show."""
        return tuple(self.manifest.get("chosen", ()))

    @cached_property
    def fit(self) -> Fit:
        """How source pixels became model pixels."""
        return Fit(**self.manifest["model"]["fit"])

    @cached_property
    def layers(self) -> Mapping[str, AtlasLayer]:
        """Surveyed layers by name, in running order."""
        with readable(self.path / layout.MANIFEST):
            return MappingProxyType({entry["name"]: self._layer(entry) for entry in self.manifest["layers"]})

    @cached_property
    def graph(self) -> Graph | None:
        """The network as nodes and arrows; None where the atlas was made before it was kept. Raises BadAtlas."""
        if "graph" not in self.manifest:
            return None
        with readable(self.path / layout.MANIFEST):
            return Graph.from_dict(self.manifest["graph"])

    @cached_property
    def images(self) -> AtlasImages:
        """The surveyed images by row; raises BadAtlas where their table is missing or damaged."""
        path = self.path / layout.IMAGES
        columns = read_json(path)
        with readable(path):
            check_columns(path, columns)
            if len(self.classes) == 1:  # its share of itself says nothing
                none = [-1] * len(columns["id"])
                columns |= {"predicted": none, "probability": np.full(len(none), np.nan)}
                columns.pop("margin", None)
            return AtlasImages(
                tuple(columns["id"]), np.array(columns["label"], dtype=np.int64), tuple(columns["split"]),
                np.array(columns["height"], dtype=np.int64), np.array(columns["width"], dtype=np.int64),
                np.array(columns["predicted"], dtype=np.int64), np.array(columns["probability"], dtype=np.float32),
                np.array(columns["margin"], dtype=np.float32) if "margin" in columns else None,
            )  # fmt: skip

    @property
    def lessons(self) -> Mapping[str, Any] | None:
        """What the lessons show of the network (docs/atlas-format.md); None where it was not measured. Raises BadAtlas."""
        path = self.path / layout.LESSONS
        if not path.exists():
            return None
        found = read_json(path, MEASURE)
        with readable(path, MEASURE):
            check_lessons(path, found, len(self.images), len(self.classes))
        return found

    @cached_property
    def truth(self) -> np.ndarray:
        """The model's class that each image's label names, by row; -1 without a label or such a class, or with one output.

        Case, underscores and a WordNet number in front are no difference: ``n01440764_tench`` is ``tench``.
        """
        known = {plain_name(name): index for index, name in enumerate(self.classes) if len(self.classes) > 1}
        by_label = [known.get(plain_name(name), -1) for name in self.image_classes]
        return np.array(
            [by_label[label] if label >= 0 else -1 for label in self.images.labels], dtype=np.int64
        )

    def layer(self, name: str) -> AtlasLayer:
        """The layer of that name, or the one whose chain the name belongs to (``conv2`` -> ``relu2``).

        Raises UnknownName with the nearest names.
        """
        if name in self.layers:
            return self.layers[name]
        for layer in self.layers.values():
            if name in layer.chain:
                return layer
        raise UnknownName("layer", name, self.layers)

    def numbers(self, layer: str) -> Mapping[str, np.ndarray]:
        """Every array of one layer (docs/atlas-format.md lists them)."""
        found = self.layer(layer)
        return self._numbers_of(found.name, found.channels)

    def winners(self, layer: str) -> Mapping[str, np.ndarray]:
        """``value``, ``image`` (row), ``y`` and ``x``, each ``[channels, k]``, strongest first."""
        numbers = self.numbers(layer)
        return MappingProxyType({name: numbers[name] for name in ("value", "image", "y", "x")})

    def channels(self, layer: str) -> Mapping[str, np.ndarray]:
        """Per-channel numbers as columns: channel, mean, maximum, p999, positive, dead, and per class."""
        numbers = self.numbers(layer)
        columns: dict[str, np.ndarray] = {"channel": np.arange(len(numbers["mean"]))}
        columns |= {
            name: numbers[name]
            for name in ("mean", "maximum", "p999", "positive", "class_mean", "class_peak")
        }
        columns["dead"] = numbers["maximum"] <= 0
        return MappingProxyType(columns)

    def frame(self, layer: str) -> Any:
        """The numbers of ``channels`` as a pandas DataFrame, one row a channel, one column a class and number.

        Raises Unanswerable where pandas is not installed.

        >>> atlas.frame("conv4").sort_values("maximum")  # doctest: +SKIP
        """
        return as_frame(self.channels(layer), self.image_classes)

    def selectivity(self, layer: str) -> Mapping[str, np.ndarray]:
        """Which class every channel prefers and how much: ``best``, ``index`` (0 to 1), ``low``, ``high``, ``[channels]``.

        The index is (b - r) / (b + r): b the best class's mean of each image's strongest activation, r that of the
        other classes together; ``low`` and ``high`` are its 95 % interval (see ``convscope.atlas.selectivity``).
        Raises BadAtlas where the atlas was made before spreads were kept.
        """
        numbers = self.numbers(layer)
        if "class_spread" not in numbers:
            raise BadAtlas(f"{self.path} has no spread of classes: survey again with this version to have it")
        labels = self.images.labels
        images = np.bincount(labels[labels >= 0], minlength=len(self.image_classes))
        return selectivity(numbers["class_peak"], numbers["class_spread"], images)

    def peaks(self, layer: str) -> Mapping[str, np.ndarray] | None:
        """``row`` ``[S]``, a sample of images, and ``peak`` ``[channels, S]``, the strongest activation on each.

        None where the atlas was made before they were kept. Raises BadAtlas.
        """
        found = self.layer(layer)
        path = layout.peaks_file(self.path, found.name)
        if not path.exists():
            return None
        arrays = read_arrays(path)
        check_peaks(path, arrays, found.channels, self.manifest["images"]["count"])
        return arrays

    def evolution(self, layer: str) -> Mapping[str, np.ndarray] | None:
        """How some channels of a layer grew, as docs/atlas-format.md lists it.

        None where ``convscope evolve`` has not looked. Raises BadAtlas.
        """
        found = self.layer(layer)
        path = layout.evolution_file(self.path, found.name)
        if not path.exists():
            return None
        arrays = read_arrays(path)
        check_evolution(path, arrays, found.channels, self.manifest["images"]["count"])
        return arrays

    def neighbours(
        self, layer: str, channel: int, *, of: str | None = None, count: int = 9
    ) -> Mapping[str, np.ndarray]:
        """The channels that answer to the same images: ``channel`` and ``similarity``, most similar first.

        They are of the same layer (the channel itself left out) or of the layer ``of``. Similarity is Pearson's
        correlation of the strongest activations over the sample of images, -1 to 1; 0 where one never changes.
        Raises UnknownName, BadAtlas.

        >>> atlas.neighbours("conv4", 17)["channel"]  # doctest: +SKIP
        """
        here = self.layer(layer)
        there = here if of is None else self.layer(of)
        if not 0 <= channel < here.channels:
            raise UnknownName("channel", channel, (), f"{here.name} has channels 0 to {here.channels - 1}.")
        places, similarity = nearest(
            self._standardised(here.name)[channel], self._standardised(there.name), count + 1
        )
        others = places != channel if there is here else np.arange(len(places)) < count
        return MappingProxyType({
            "channel": places[others][:count], "similarity": similarity[others][:count],
        })  # fmt: skip

    def projected(self, layer: str) -> np.ndarray:
        """Which winners have their projection drawn, bool ``[channels, k]``."""
        found, numbers = self.layer(layer), self.numbers(layer)
        if "projected" in numbers:
            return numbers["projected"] > 0
        return np.full(numbers["image"].shape, found.pictures and found.validity.label != "refused")

    def loupe(self, layer: str) -> Mapping[str, np.ndarray]:
        """``channel`` and ``score``, ``[chosen, 3, H, W]``: the three rarest responses of every cell."""
        return read_arrays(layout.loupe_file(self.path, self.layer(layer).name))

    def weights(self, layer: str) -> Mapping[str, np.ndarray] | None:
        """``weight`` ``[C, channels, h, w]`` and ``bias`` ``[C]`` of a layer that looks straight at pixels.

        None where the layer does not, or where the atlas was made before they were kept. Raises BadAtlas.
        """
        found = self.layer(layer)
        path = layout.weights_file(self.path, found.name)
        if not path.exists():
            return None
        arrays = read_arrays(path)
        check_weights(path, arrays, found.channels)
        return arrays

    def map(self, question: Question) -> PixelMap | None:
        """The remembered answer to a question, or None."""
        path = layout.map_file(self.path, question.key)
        return read_map(path) if path.exists() else None

    def whys(self) -> list[tuple[int, int]]:
        """(row, class asked against) of every answer of ``convscope why`` that is remembered."""
        found = (WHY.fullmatch(path.name) for path in (self.path / "why").glob("*.json"))
        pairs = [(int(name[1]), int(name[2])) for name in found if name]
        return sorted((row, against) for row, against in pairs if self._is_here(row, against))

    def why(self, row: int, against: int) -> Why | None:
        """What was found out about a row of the atlas, or None; raises BadAtlas where the file is damaged."""
        path = layout.why_file(self.path, row, against)
        if not path.exists():
            return None
        data = read_json(path)
        with readable(path):
            why = read_why(data)
            if why.layer not in self.layers or not self._is_here(row, why.against_index):
                raise ValueError(f"layer {why.layer!r}, class {why.against_index}")
            if why.model != self.manifest["model"]["id"]:
                raise ValueError(f"model {why.model!r:.20}, which is another one")
            return why

    def _is_here(self, row: int, against: int) -> bool:
        return row < len(self.images) and 0 <= against < len(self.classes)

    def _standardised(self, layer: str) -> np.ndarray:
        known = self._peaks  # replaced, never changed: pages are written by several threads
        if layer not in known:
            found = self.peaks(layer)
            if found is None:
                raise BadAtlas(
                    f"{self.path} has no peaks of {layer}: survey again with this version to have them"
                )
            recent = dict(list(known.items())[-2:])  # a layer, and those before and after it
            known = self._peaks = recent | {layer: standardised(found["peak"])}
        return known[layer]

    def _numbers_of(self, name: str, channels: int) -> Mapping[str, np.ndarray]:
        if name not in self._numbers:
            path = layout.numbers_file(self.path, name)
            arrays = read_arrays(path)
            check_numbers(path, arrays, channels, self.manifest["images"]["count"])
            self._numbers[name] = MappingProxyType(arrays)
        return self._numbers[name]

    def _layer(self, entry: Mapping[str, Any]) -> AtlasLayer:
        numbers = self._numbers_of(entry["name"], entry["shape"][0])
        pair = {key: None if entry[key] is None else tuple(entry[key]) for key in ("size", "stride", "start")}
        lens = entry.get("lens") or {"name": "deconvnet"}  # older atlases know no other
        if lens["name"] not in layout.LENSES:
            raise ValueError(f"unknown lens {lens['name']!r}")
        field = Field(**pair, exact=entry["exact"], rows=numbers["rows"], columns=numbers["columns"])  # type: ignore[arg-type]
        return AtlasLayer(
            entry["name"], entry["folder"], entry["operation"], tuple(entry["shape"]), tuple(entry["chain"]), field,
            entry["kernel"], entry["pictures"], entry["kernels"], entry["tile"], Validity.from_dict(entry["validity"]),
            lens["name"], str(lens.get("reason", "")), numbers["value"].shape[1], _middle(entry.get("middle")),
        )  # fmt: skip


def _middle(entry: Any) -> tuple[int, int] | None:
    """What tiles show of a field; older atlases show all of it."""
    if entry is None:
        return None
    height, width = entry
    if not (isinstance(height, int) and isinstance(width, int) and min(height, width) > 0):
        raise ValueError(f"the middle of a field is two lengths in pixels, not {entry!r}")
    return height, width


def read_map(path: Path) -> PixelMap:
    """A remembered pixel map by its file; raises BadAtlas where it is missing or damaged."""
    with readable(path), safe_open(path, "numpy") as file:
        about = json.loads(file.metadata()["map"])
        box = None if about["box"] is None else Box(*about["box"])
        return PixelMap(
            file.get_tensor("array"), about["units"], Box(*about["input_box"]), box,
            about["caption"], Validity.from_dict(about["validity"]), about["value"],
        )  # fmt: skip


def plain_name(name: str) -> str:
    """A class name without what differs between folders and networks.

    >>> plain_name("n03394916_French_horn")
    'french horn'
    """
    return re.sub(r"^n\d{8}[ _-]", "", name).replace("_", " ").casefold()


def open_atlas(path: str | Path) -> Atlas:
    """Open an atlas folder, or the ``atlas`` inside a run folder; raises BadAtlas.

    >>> cs.open_atlas("runs/demo").winners("relu2")["value"].shape  # doctest: +SKIP
    (48, 9)
    """
    root = Path(path)
    if not (root / layout.MANIFEST).exists() and (root / "atlas" / layout.MANIFEST).exists():
        root = root / "atlas"
    return Atlas(root, read_manifest(root))
