"""What a preset lacks, tried on training images alone: one half of them is trained on, the other half judges.

    nice -n 19 python benchmarks/accuracy_choices.py [--choices shift hole] [--seeds 1] [--epochs 24] [--images DATA]

Adds rows to accuracy_choices.json; those that are there are skipped. The test images are never opened. A row is one
run to its last step, judged with the last weights and with moving averages of several decays, each plainly and as
the mean over a picture and its mirror image: accuracy, and the mean negative log-likelihood (nll), which is less noisy.
And by which rule an epoch is best kept: each 500 of the judges choose one, all others say how good it is.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from measuring import about
from torch import Tensor, nn
from torch.nn import functional

from convscope.images import open_images
from convscope.plain.files import write_json
from convscope.plain.machine import keep_freed_memory
from convscope.train.augment import AUGMENTATIONS, Augmentation
from convscope.train.average import Average
from convscope.train.batches import batches
from convscope.train.choice import standard_error
from convscope.train.course import Course, start_course
from convscope.train.loop import first_state
from convscope.train.mix import mixture
from convscope.train.recipe import Mix, Recipe
from convscope.train.step import train_step

RESULT = Path(__file__).with_suffix(".json")
DECAYS = (0.99, 0.995, 0.998)
CHOOSERS = 500  # held-out images that choose an epoch
SHIFT = AUGMENTATIONS["shift"]
HOLE = replace(SHIFT, hole=0.35)
TURNED = replace(HOLE, turn=0.15, scale=0.15)
USUAL = "32c5bn p2 64c3bn p2 128c3bn 128c3bn p2 d0.3 fc128"
DEEPER = "32c5bn p2 64c3bn 64c3bn p2 128c3bn 128c3bn p2 d0.3 fc128"
WIDER = "48c5bn p2 96c3bn 96c3bn p2 192c3bn 192c3bn p2 d0.3 fc128"


class Choice(NamedTuple):
    """What is tried beside the preset."""

    augmentation: Augmentation = SHIFT
    net: str = USUAL
    mix: Mix = "none"


CHOICES = {
    "shift": Choice(),
    "hole": Choice(HOLE),
    "mirror, hole": Choice(replace(HOLE, mirror=True)),
    "deeper": Choice(net=DEEPER),
    "deeper, hole": Choice(HOLE, DEEPER),
    "deeper, hole, turned": Choice(TURNED, DEEPER),
    "deeper, hole, mixup": Choice(HOLE, DEEPER, "mixup"),
    "deeper, cutmix": Choice(net=DEEPER, mix="cutmix"),
    "wider, hole": Choice(HOLE, WIDER),
    "wider, hole, turned": Choice(TURNED, WIDER),
}


def run(images: str, choice: str, seed: int, epochs: int) -> dict[str, Any]:
    """Train once; the row of the result."""
    tried = CHOICES[choice]
    began = time.process_time()
    with tempfile.TemporaryDirectory() as out:
        course = start_course(
            open_images(images).split("train"), images,
            Recipe(preset="best", net=tried.net, epochs=epochs, val=0.5, out=out, seed=seed),
        )  # fmt: skip
        judged, kept, loss = trained(course, tried)
    recipe = course.recipe
    return {
        "images": Path(images).name, "choice": choice, "seed": seed, "epochs": recipe.epochs, "net": recipe.net, "lr": recipe.lr,
        "weight_decay": recipe.weight_decay, "batch": recipe.batch, "smoothing": recipe.smoothing,
        "augmentation": vars(tried.augmentation), "mix": tried.mix, "trained on": len(course.train), "judged by": len(course.val),
        "training loss of the last epoch": round(loss, 4), "judged": judged,
        "accuracy of the epoch kept, and which": kept, "precision": recipe.precision, "cpu_minutes": round((time.process_time() - began) / 60, 2),
    }  # fmt: skip


def trained(course: Course, tried: Choice) -> tuple[dict[str, Any], dict[str, Any], float]:
    """All steps, then what is right of the held-out images, which epoch is kept, and the loss of the last epoch."""
    state = first_state(course)
    averages = {decay: Average(state.net, decay) for decay in DECAYS}
    size = (course.plan.fit.height, course.plan.fit.width)
    labels = course.train.labels.numpy()
    loss, history = 0.0, []
    for epoch in range(course.epochs):
        changes = tried.augmentation.changes(course.recipe.seed, epoch, len(labels), size)
        mixed = mixture(tried.mix, course.recipe.seed, epoch, len(labels), size)
        for batch in batches(course.recipe, epoch, labels, changes, course.steps_per_epoch, mixed):
            train_step(course, state, batch)
            for average in averages.values():
                average.update(state.net, state.step)
        loss, right = state.take_means()
        history.append(judgements(course, state.net))
        print(epoch + 1, round(loss, 3), round(right, 4), round(time.process_time(), 1), flush=True)
    state.net.eval()
    judged = {"last": judge(course, state.net)}
    for decay, average in averages.items():
        with average.worn(state.net):
            judged[f"average {decay}"] = judge(course, state.net)
    return judged, kept(history), loss


@torch.no_grad()
def judgements(course: Course, net: nn.Module) -> Tensor:
    """Of every held-out image: whether it is right, and its loss; ``[2, images]``."""
    net.eval()
    scores = torch.cat([net(course.normalise(values)) for values in course.val.values.split(250)])
    net.train()
    labels = course.val.labels
    return torch.stack(
        [scores.argmax(1) == labels, functional.cross_entropy(scores, labels, reduction="none")]
    )


def kept(history: list[Tensor]) -> dict[str, list[float]]:
    """Of each rule, the mean accuracy of the epochs it keeps, by those who did not choose, and the mean epoch."""
    found = torch.stack(history).double()  # [epochs, right and loss, images]
    whole, count = found[:, 0].sum(1), found.shape[2]
    means: dict[str, list[Tensor]] = {}
    for part in found.split(CHOOSERS, 2):
        right, loss, chose = part[:, 0].sum(1), part[:, 1].mean(1), part.shape[2]
        later = torch.arange(len(found)) / len(found)
        error = standard_error(right.max().item() / chose, chose) * chose  # of a count
        scores = {
            "most right, then least loss": right - loss / (loss.max() + 1), "most right, then latest": right + later,
            "latest within a standard error of the most right": (right >= right.max() - error) + later,
            "latest within two": (right >= right.max() - 2 * error) + later, "least loss": -loss, "last": later,
        }  # fmt: skip
        for rule, score in scores.items():
            epoch = score.argmax()
            figures = torch.stack([(whole - right)[epoch] / (count - chose), epoch + 1.0])
            means.setdefault(rule, []).append(figures)
    return {
        rule: [round(value, 5) for value in torch.stack(rows).mean(0).tolist()]
        for rule, rows in means.items()
    }


@torch.no_grad()
def judge(course: Course, net: nn.Module) -> dict[str, Any]:
    """Of the held-out images: accuracy and nll, plainly and with the mirror image."""
    parts = [course.normalise(values) for values in course.val.values.split(250)]
    plain = torch.cat([net(part) for part in parts]).log_softmax(1)
    other = torch.cat([net(part.flip(3)) for part in parts]).log_softmax(1)
    both = torch.logaddexp(plain, other) - torch.tensor(2.0).log()
    return {"plain": told(plain, course.val.labels), "mirrored": told(other, course.val.labels),
            "both": told(both, course.val.labels)}  # fmt: skip


def told(scores: Tensor, labels: Tensor) -> list[float]:
    """[accuracy, nll]."""
    right = (scores.argmax(1) == labels).double().mean().item()
    return [round(right, 4), round(functional.nll_loss(scores, labels).item(), 4)]


def main(images: str, choices: list[str], seeds: int, epochs: int) -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    rows = json.loads(RESULT.read_text("utf-8"))["rows"] if RESULT.is_file() else []
    for seed, choice in ((seed, choice) for seed in range(seeds) for choice in choices):
        wanted = (Path(images).name, choice, seed, epochs)
        if not any((row["images"], row["choice"], row["seed"], row["epochs"]) == wanted for row in rows):
            rows.append(run(images, choice, seed, epochs))
            print(json.dumps(rows[-1]), flush=True)
            write_json(RESULT, {"about": about(__file__, ["torch"]), "rows": rows})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--choices", nargs="*", default=list(CHOICES), choices=list(CHOICES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--images", default="fashion")
    asked = parser.parse_args()
    main(asked.images, asked.choices, asked.seeds, asked.epochs)
