"""Labels of the images and classes of the network are matched by name, never by number."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from convscope.explorer.gallery import groups
from convscope.images import open_images
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.survey.run import survey


def test_folder_names_with_wordnet_numbers_are_the_networks_classes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 36, 3))
    classes = ("French horn", "cat", "tench")
    model = Model(module, fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3, classes=classes)
    arrays = [np.full((8, 8, 3), 20 * i, np.uint8) for i in range(4)]
    folders = ["n01440764_tench", "n03394916_French_horn", "something else"]
    images = open_images(arrays, labels=[0, 1, 2, -1], classes=folders)
    atlas = survey(model, images, into=tmp_path / "atlas", photos=2, project=False)
    assert atlas.truth.tolist() == [2, 0, -1, -1]
    assert groups(atlas)["class-1"].rows.tolist() == [1]
    predicted = atlas.images.predicted
    expected = [row for row, truth in enumerate([2, 0]) if predicted[row] != truth]
    assert groups(atlas)["wrong"].rows.tolist() == expected
