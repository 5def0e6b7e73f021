"""Why a network said this and not that of one picture: what was measured, as plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from convscope.errors import BadSpec
from convscope.plain.share import Share

Grid = tuple[tuple[float, ...], ...]
VERDICTS = ("supported", "not supported", "not tested")
RULE = (
    "“Supported” where the pasted patch alone turns pictures of other classes, far more often than a patch from "
    "elsewhere, and at least two of the other tests speak for it as well; “not tested” where the patch could not "
    "be pasted or fewer than three tests could be made; else “not supported”."
)


@dataclass(frozen=True)
class Inquiry:
    """How much is tried to find out why; raises BadSpec naming the value and its range.

    Parameters
    ----------
    channels
        How many channels are shown.
    sample
        How many images, drawn by the seed, stand for all of the atlas.
    pasted
        On how many images of other classes the patch is pasted.
    covered
        On how many images of the class a square is covered.
    size
        Side of the covered square in pixels of the network's input; an eighth of the shorter edge by default.
    fill
        What covers: grey, black, white, mean, blur or a brightness from 0 to 1.
    seed
        Decides which images and which places are drawn.
    """

    channels: int = 6
    sample: int = 200
    pasted: int = 100
    covered: int = 50
    size: int | None = None
    fill: str = "grey"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("channels", 1, 32), ("sample", 10, 10_000), ("pasted", 1, 1000), ("covered", 1, 1000),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise BadSpec(f"{name}={getattr(self, name)} is out of range: choose {low} to {high}")


@dataclass(frozen=True)
class Guess:
    """A class and its probability."""

    name: str
    probability: float


@dataclass(frozen=True)
class Verdict:
    """What the network said: its likeliest classes, how sure it was, and who else was misread the same way.

    ``surer`` counts the images of the atlas whose first class was surer; ``misread`` the images of the class
    ``against`` that were called the same, and ``rows`` are some of them.
    """

    top: tuple[Guess, ...]
    margin: float
    surer: Share
    misread: Share
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Where:
    """What covering a square does to two probabilities, and what Grad-CAM says.

    ``predicted`` and ``against`` are falls of the probability, a mean over the squares that cover a cell of ``step``
    pixels; ``lowest`` is the square (left, top, right, bottom in input pixels) that costs the predicted class most,
    and ``left`` what is left of it. ``gradcam`` is one number a cell of the layer, or None where there is none.
    """

    size: int
    step: int
    fill: str
    before: tuple[float, float]
    predicted: Grid
    against: Grid
    lowest: tuple[int, int, int, int]
    left: float
    gradcam: Grid | None


@dataclass(frozen=True)
class Cause:
    """One channel's part in the difference of the two scores.

    ``silenced`` is how far the difference falls when the channel is held at zero in this picture. ``map`` is the
    channel's own. ``errors`` and ``base`` count how often it is among the first five: in the same mistake, and in
    images drawn at random.
    """

    channel: int
    part: float
    silenced: float
    map: Grid
    errors: Share
    base: Share


@dataclass(frozen=True)
class Trial:
    """One test of the suspicion: what was counted, beside what, and whether it speaks for a shortcut.

    ``speaks`` is None where it could not be made, and ``found`` says why.
    """

    name: str
    title: str
    speaks: bool | None
    found: str
    rule: str
    not_shown: str
    numbers: Mapping[str, float | int | str | None]


@dataclass(frozen=True)
class Why:
    """Everything that was measured to find out why ``image`` was called ``predicted`` and not ``against``.

    ``gap`` is the difference of their two scores; ``rest`` what the causes do not share among them: biases, and of
    a network that is not linear after ``layer`` what is left over. ``parts`` is the sum of all channels' parts.
    ``exact`` where silencing each cause alone and all channels together changes the gap by just that much.
    """

    image: str
    row: int | None
    truth: str | None
    predicted: str
    against: str
    against_index: int
    model: str
    layer: str
    seen: Verdict
    where: Where
    causes: tuple[Cause, ...]
    channels: int
    gap: float
    parts: float
    rest: float
    exact: bool
    deviation: float
    tests: tuple[Trial, ...]
    patch: tuple[int, tuple[int, int, int, int]] | None
    verdict: str
    settings: Mapping[str, Any]

    @property
    def wrong(self) -> bool:
        """Whether the image has a label that is another class."""
        return self.truth is not None and self.truth != self.predicted

    @property
    def suspect(self) -> Cause:
        """The channel that speaks most for the predicted class: the one that is tested."""
        return self.causes[0]

    @property
    def how(self) -> str:
        """How the parts were made, in words."""
        if self.exact:
            return (
                "exact: the scores are a sum over these channels, and holding a channel at zero changes the difference "
                f"by just its part (largest deviation {self.deviation:.1g})"
            )
        return (
            "gradient × activation: a first-order estimate, for the network is not linear after this layer; what "
            "really happens when a channel is held at zero stands beside it"
        )

    def test(self, name: str) -> Trial:
        """One of the tests by its name."""
        return next(trial for trial in self.tests if trial.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, from which ``read_why`` makes an equal one."""
        return asdict(self)

    def __repr__(self) -> str:
        return f"<Why {self.image} is {self.predicted} and not {self.against}: print it for the answer>"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """What was found, a line each, for the terminal."""
        first = self.seen.top[0]
        truth = f", which is {self.truth}" if self.wrong else ""
        causes = ", ".join(f"{cause.channel} ({cause.part:+.3g})" for cause in self.causes[:3])
        said = {True: "speaks for it", False: "does not speak for it", None: "not tested"}
        return [
            f"{self.image}{truth}: {first.name} {first.probability:.1%}; asked against {self.against}",
            f"where: covering {self.where.lowest} takes {self.predicted} to {self.where.left:.1%}",
            f"channels of {self.layer} that speak most for it: {causes}; {self.how}",
            *(f"{trial.title}: {trial.found} [{said[trial.speaks]}]" for trial in self.tests),
            f"a shortcut through {self.layer}:{self.suspect.channel}: {self.verdict}",
        ]


def judge(tests: tuple[Trial, ...]) -> str:
    """The verdict over all tests, by ``RULE``."""
    by_name = {trial.name: trial.speaks for trial in tests}
    made = [speaks for speaks in by_name.values() if speaks is not None]
    if by_name.get("paste") is None or len(made) < 3:
        return "not tested"
    return "supported" if by_name["paste"] and sum(made) >= 3 else "not supported"


def read_why(data: Mapping[str, Any]) -> Why:
    """A why from its plain data; raises what a missing or foreign entry raises."""
    seen, where = data["seen"], data["where"]
    entries = dict(data) | {
        "seen": Verdict(
            _guesses(seen["top"]), float(seen["margin"]), Share(**seen["surer"]), Share(**seen["misread"]),
            tuple(map(int, seen["rows"])),
        ),
        "where": Where(
            int(where["size"]), int(where["step"]), str(where["fill"]), _pair(where["before"]),
            _grid(where["predicted"]), _grid(where["against"]), _box(where["lowest"]), float(where["left"]),
            None if where["gradcam"] is None else _grid(where["gradcam"]),
        ),
        "causes": tuple(_cause(entry) for entry in data["causes"]),
        "tests": tuple(Trial(**entry) for entry in data["tests"]),
        "patch": data["patch"] and (int(data["patch"][0]), _box(data["patch"][1])),
    }  # fmt: skip
    why = Why(**entries)
    if not why.causes or why.verdict not in VERDICTS:
        raise ValueError(f"no cause, or verdict {why.verdict!r}")
    return why


def _cause(entry: Mapping[str, Any]) -> Cause:
    return Cause(
        int(entry["channel"]), float(entry["part"]), float(entry["silenced"]), _grid(entry["map"]),
        Share(**entry["errors"]), Share(**entry["base"]),
    )  # fmt: skip


def _guesses(entries: Any) -> tuple[Guess, ...]:
    return tuple(Guess(str(entry["name"]), float(entry["probability"])) for entry in entries)


def _grid(rows: Any) -> Grid:
    return tuple(tuple(float(value) for value in row) for row in rows)


def _pair(values: Any) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)


def _box(values: Any) -> tuple[int, int, int, int]:
    left, top, right, bottom = (int(value) for value in values)
    return left, top, right, bottom
