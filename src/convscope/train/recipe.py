"""The settings of a training run: one dataclass for command line, config file and Python."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from convscope.errors import BadSpec

Preset = Literal["fast", "balanced", "best", "paper"]
Optimizer = Literal["adamw", "sgd"]
Schedule = Literal["one-cycle", "constant", "step"]
Augment = Literal["auto", "none", "shift", "flip", "colour", "strong"]
Mix = Literal["none", "mixup", "cutmix"]
Balance = Literal["none", "weights", "sampler"]
Whole = Literal["pad", "crop"]
Precision = Literal["auto", "float32", "bfloat16"]
CHOICES = {
    "preset": Preset,
    "fit": Whole,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "augment": Augment,
    "mix": Mix,
    "balance": Balance,
    "precision": Precision,
}
RANGES: dict[str, tuple[float, float]] = {
    "imgsz": (8, 1024),
    "epochs": (1, 100_000),
    "minutes": (0.01, 100_000),
    "patience": (1, 100_000),
    "batch": (1, 65_536),
    "lr": (1e-7, 10),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 1),
    "clip_rms": (1e-6, 1e6),
    "smoothing": (0, 0.9),
    "ema": (0, 0.99999),
    "hole": (0, 0.9),
    "val": (1e-6, 0.9),  # "best" holds 500 images out, however many there are
    "seed": (0, 2**32 - 1),
    "threads": (1, 1024),
    "workers": (0, 256),
}


@dataclass(frozen=True)
class Recipe:
    """How to train; what is None is the preset's, or chosen from the images, and written to ``config.yaml``.

    Raises BadSpec naming the value and its range.

    Parameters
    ----------
    preset
        "fast" for a first look, "balanced", "best" for as much accuracy as patience buys; "paper" trains one
        of Nielsen's networks as he did, but for the shifted copies of the images. What is asked beside it wins.
    net
        Network: a spec such as "32c5 p2 64c3 p2 fc128", or a name such as lenet5.
    weights
        Trained weights to start from: "imagenet" for published ones of the network, which are downloaded
        where they are not here; a file; the folder of a run; or "none". Left out, weights that are here
        already are used for a named network and fewer than 5,000 images.
    imgsz
        Side of the square input in pixels.
    fit
        "pad" shows the whole picture with white beside it (with trained weights, the mean grey they know),
        "crop" its middle square.
    epochs
        How often every training image is seen.
    minutes
        Train for this time instead of so many epochs, decoding and report included: planned by timing a few steps, and again
        where the machine turns out slower or faster, so that such a run is not repeatable to the bit.
    patience
        Stop after this many epochs without a better one.
    batch
        Images per step; shown in parts where memory runs out.
    optimizer
        "adamw", or "sgd" with Nesterov's momentum.
    lr
        Highest learning rate.
    schedule
        "one-cycle" rises and falls to zero, "constant" stays, "step" falls to a tenth after half of the
        steps and again after three quarters.
    momentum
        Momentum of sgd; 0 for none.
    weight_decay
        Decay of weights, never of biases and norms; decoupled from the gradient with adamw.
    clip_rms
        Scale convolution filters whose root mean square exceeds this down to it after each step (Zeiler &
        Fergus 2013, section 3: 0.1 for pixels within 128 of zero).
    smoothing
        Label smoothing: the share of the target spread over all classes.
    ema
        Validate and keep an exponential moving average of the weights, of which each step keeps this share;
        0 for none.
    balance
        Rare classes count as much as common ones: "weights" in the loss, "sampler" by being shown as often.
    augment
        "shift" moves a little, "flip" also turns, scales and mirrors, "colour" also changes the hue, "strong"
        goes further, changes tones and covers a square; "auto" decides by the data.
    flip
        Mirror pictures; where nothing is said, not where a mirror may change the class (grey pictures, names
        that are letters or digits or say left or right).
    hole
        Cover a square of mid-grey somewhere in each picture, its side this share of the picture's; where
        nothing is said, a third with "strong" and with the preset "best", and none otherwise.
    mix
        Show each picture mixed with another, and ask for both classes: "mixup" lays them over each other,
        "cutmix" pastes a box of the other; "none" does neither.
    shuffle
        A new order of the images in every epoch; otherwise the first one again.
    standardise
        Pixels with mean 0 and deviation 1 over the training images; otherwise from 0 to 1.
    val
        Share of the images held out where the data has no split of its own: a fifth, and with "best" no more
        than 500 images.
    precision
        "bfloat16" computes faster where the processor has it, "auto" uses it only there; weights, validation
        and the model stay float32.
    series
        Keep the weights before the first step and after epochs 1, 2, 5, 10, 20, 50, …, to see features evolve.
    seed
        Decides split, first weights, order and augmentation.
    device
        "cpu", "cuda" or "auto".
    threads
        CPU threads; torch's own choice where None.
    workers
        Threads that decode the images, which are then kept in memory; their number changes no bit. 0 decodes
        without.
    out
        Folder in which runs are kept.
    name
        Name of the run; the name of the data where None.
    resume
        Continue the run of this name where it stopped.

    >>> Recipe(epochs=3).epochs
    3
    """

    preset: Preset = "balanced"
    net: str | None = None
    weights: str | None = None
    imgsz: int | None = None
    fit: Whole = "pad"
    epochs: int | None = None
    minutes: float | None = None
    patience: int | None = None
    batch: int | None = None
    optimizer: Optimizer | None = None
    lr: float | None = None
    schedule: Schedule | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    clip_rms: float | None = None
    smoothing: float | None = None
    ema: float | None = None
    balance: Balance | None = None
    augment: Augment | None = None
    flip: bool | None = None
    hole: float | None = None
    mix: Mix | None = None
    shuffle: bool | None = None
    standardise: bool | None = None
    val: float | None = None
    precision: Precision = "auto"
    series: bool = True
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    workers: int | None = None
    out: str = "runs"
    name: str | None = None
    resume: bool = False

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise BadSpec(f"{name} is {value!r}: choose a number from {low:g} to {high:g}")
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in get_args(choices):
                raise BadSpec(f"{name} is {value!r}: choose {', '.join(get_args(choices))}")
        if self.name is not None and (not self.name.strip() or Path(self.name).name != self.name):
            raise BadSpec(f"name is {self.name!r}: choose a folder name; its place is given by out")
