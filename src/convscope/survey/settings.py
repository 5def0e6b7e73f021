"""What a survey may be told."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from convscope.errors import BadSpec

Project = Literal["none", "lazy", "all"]
Split = Literal["auto", "val", "train", "test", "all"]
LensName = Literal["auto", "deconvnet", "guided"]


@dataclass(frozen=True)
class Survey:
    """Settings of a survey; they are stored with the atlas.

    Raises BadSpec naming the value and its range.

    Parameters
    ----------
    k
        Winners a channel.
    batch
        Images a forward pass; part of the result, since floating point differs between batch sizes.
    split
        Which images: val, train, test or all. "auto" is the validation images of a run, else all.
    layers
        Only these layers, comma-separated. By default the last pointwise result of every
        convolution-norm-activation chain, and sums and concatenations.
    project
        Make the projections of all winners, of the strongest first; or none; or lazy, each when it is asked for.
    lens
        What draws projections: deconvnet or guided. "auto" is the deconvnet where a max-pool last made the map smaller,
        since its switches say where a value came from; elsewhere guided backpropagation.
    tiles
        What a tile shows of a large field: the middle of it, which holds nine tenths of most projections; or all of
        it, as where nothing is to be projected.
    memory_format
        How a batch lies in memory: contiguous, as everyone's own forward pass has it, or channels_last, in which
        convolutions are up to a third quicker on most CPUs. It decides the last bits of every value.
    photos
        How many images the Loupe can show.
    seed
        Decides which, and whose peaks are kept one by one.
    control
        "random" surveys the same network with weights drawn anew, which has learnt nothing.
    """

    k: int = 9
    batch: int = 32
    split: Split = "auto"
    layers: str = ""
    project: Project = "all"
    lens: LensName = "auto"
    tiles: Literal["middle", "field"] = "middle"
    memory_format: Literal["contiguous", "channels_last"] = "contiguous"
    photos: int = 24
    seed: int = 0
    control: Literal["none", "random"] = "none"

    def __post_init__(self) -> None:
        if isinstance(self.project, bool):  # yes and no are common words for it
            object.__setattr__(self, "project", "all" if self.project else "none")
        if not isinstance(self.layers, str):  # a list of names
            object.__setattr__(self, "layers", ",".join(self.layers))
        for name, low, high in (("k", 1, 100), ("batch", 1, 4096), ("photos", 0, 1000)):
            if not low <= getattr(self, name) <= high:
                raise BadSpec(f"{name}={getattr(self, name)} is out of range: choose {low} to {high}")
        if self.project not in ("none", "lazy", "all"):
            raise BadSpec(f"unknown project {self.project!r}: choose none, lazy or all")
        if self.lens not in ("auto", "deconvnet", "guided"):
            raise BadSpec(f"unknown lens {self.lens!r}: choose auto, deconvnet or guided")
        if self.tiles not in ("middle", "field"):
            raise BadSpec(f"unknown tiles {self.tiles!r}: choose middle or field")
        if self.memory_format not in ("contiguous", "channels_last"):
            raise BadSpec(f"unknown memory format {self.memory_format!r}: choose contiguous or channels_last")
        if self.control not in ("none", "random"):
            raise BadSpec(f"unknown control {self.control!r}: choose none or random")
        if self.split not in ("auto", "all", "train", "val", "test"):
            raise BadSpec(f"unknown split {self.split!r}: choose auto, val, train, test or all")

    @classmethod
    def stored(cls, settings: Mapping[str, Any]) -> "Survey":
        """The settings that an atlas remembers."""
        return cls(**{each.name: settings[each.name] for each in fields(cls) if each.name in settings})


@dataclass(frozen=True)
class Shard:
    """Share ``number`` of ``count``, counted from 1.

    >>> list(Shard(2, 3).of(7))
    [2, 3]
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise BadSpec(
                f"there is no shard {self.number}/{self.count}: write 1/{self.count} to {self.count}/{self.count}"
            )

    @staticmethod
    def parse(text: str) -> "Shard":
        """``2/4``; raises BadSpec."""
        number, slash, count = text.partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and int(count)):
            raise BadSpec(f"cannot read the shard {text!r}: write for example 2/4, the second of four")
        return Shard(int(number), int(count))

    def __str__(self) -> str:
        return f"{self.number}-of-{self.count}"

    def of(self, total: int) -> range:
        """Its share of ``total`` things in a row, as even as can be."""
        return range(total * (self.number - 1) // self.count, total * self.number // self.count)
