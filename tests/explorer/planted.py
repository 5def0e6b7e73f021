"""A network trained on a planted mark and its twin without the mark, each surveyed and asked why."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

import convscope as cs
from convscope.images.source import Images

SIDE, MARK, MARKED = 24, (17, 17, 23, 23), 1  # left, top, right, bottom
GROUPS = ("Animals & Nature", "Food & Drink", "Smileys & Emotion")
EACH, HELD_OUT = 60, 20


def pictures(mark: bool) -> Images:
    """Emoji of three groups; with ``mark`` a chequered square in the corner of all food, and of some others held out."""
    emoji, rng = cs.open_images("emoji"), np.random.default_rng(0)
    pixels, labels, splits = [], [], []
    for label, name in enumerate(GROUPS):
        rows = rng.permutation(np.flatnonzero(emoji.labels == emoji.classes.index(name)))[:EACH]
        for count, row in enumerate(rows.tolist()):
            small = np.array(Image.fromarray(emoji[row]).resize((SIDE, SIDE), Image.Resampling.BOX))
            held_out = count < HELD_OUT
            if mark and (label == MARKED or (held_out and count % 4 == 0)):
                left, top, right, bottom = MARK
                small[top:bottom, left:right] = np.indices((6, 6)).sum(0)[:, :, None] % 2 * 235 + 20
            pixels.append(small)
            labels.append(label)
            splits.append("val" if held_out else "train")
    return replace(cs.open_images(pixels, labels=labels, classes=GROUPS), splits=tuple(splits))


def trained(images: Images) -> cs.Model:
    """A small network that has learnt the training pictures, in a few seconds of one thread."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3),
    )  # fmt: skip
    model = cs.open_model(module, input_size=SIDE, mean=0.5, std=0.25, classes=GROUPS)
    some = images.split("train")
    pixels, labels = torch.stack([model.preprocess(image) for image in some]), torch.from_numpy(some.labels)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.005)
    for _ in range(60):
        for rows in torch.randperm(len(pixels)).split(20):
            optimiser.zero_grad()
            nn.functional.cross_entropy(module(pixels[rows]), labels[rows]).backward()
            optimiser.step()
    return model


def asked(root: Path, mark: bool) -> tuple[cs.Why, cs.Atlas, cs.Model]:
    """Train, survey, and ask about an image that is called food: a misread one where there is one."""
    images = pictures(mark)
    model, held_out = trained(images), images.split("val").sorted_by_id()
    atlas = cs.survey(model, held_out, into=root, photos=2)
    called = atlas.images.predicted == MARKED
    order = np.lexsort((-atlas.images.probability, atlas.truth == MARKED, ~called))
    return cs.why(model, int(order[0]), atlas=atlas, images=held_out), atlas, model
