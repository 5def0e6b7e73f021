"""Networks that answer as one, against votes counted by hand."""

from collections import Counter

import pytest
import torch
from torch import nn

from convscope.errors import BadModel
from convscope.model.store import save_model
from convscope.nets.architecture import create, describe
from convscope.nets.open import open_model
from convscope.nets.vote import Vote


class Says(nn.Module):
    """Always these probabilities."""

    def __init__(self, *chances: float):
        super().__init__()
        self.scores = torch.tensor([chances]).log()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.scores.expand(len(images), -1)


IMAGE = torch.zeros(1, 1, 2, 2)


def test_most_votes_win_whatever_the_chances():
    members = [Says(0.4, 0.3, 0.3), Says(0.4, 0.3, 0.3), Says(0.0, 1.0, 0.0)]
    assert Vote(members)(IMAGE).argmax() == 0
    assert Vote(members, by="mean")(IMAGE).argmax() == 1


def test_among_equals_the_higher_mean_probability_wins():
    assert Vote([Says(0.6, 0.4), Says(0.1, 0.9)])(IMAGE).argmax() == 1


def test_the_softmax_of_the_scores_is_the_share_of_votes_and_the_mean():
    members = [Says(0.6, 0.3, 0.1), Says(0.2, 0.7, 0.1), Says(0.2, 0.7, 0.1)]
    mean = [1 / 3, 1.7 / 3, 0.1]
    assert Vote(members, by="mean")(IMAGE).softmax(1)[0].tolist() == pytest.approx(mean, rel=1e-4)
    shares = [(votes + chance) / 4 for votes, chance in zip((1, 2, 0), mean, strict=True)]
    assert Vote(members)(IMAGE).softmax(1)[0].tolist() == pytest.approx(shares, rel=1e-4)


def test_votes_of_random_networks_are_counted_as_a_person_would():
    torch.manual_seed(0)
    members = [nn.Sequential(nn.Flatten(), nn.Linear(4, 4)) for _ in range(5)]
    images = torch.randn(200, 1, 2, 2)
    answers = torch.stack([member(images).argmax(1) for member in members]).T.tolist()
    counts = [Counter(row).most_common(2) for row in answers]
    clear = [at for at, count in enumerate(counts) if len(count) == 1 or count[0][1] > count[1][1]]
    voted = Vote(members)(images).argmax(1)
    assert 50 < len(clear) < 200
    assert [voted[at].item() for at in clear] == [counts[at][0][0] for at in clear]


def test_a_vote_is_saved_and_opened_like_any_network(tmp_path):
    size = {"classes": 3, "channels": 1, "height": 8, "width": 8}
    members = [describe(spec, **size) for spec in ("4c3 p2", "3c5 gap")]
    model = open_model(create({"kind": "vote", "by": "mean", "members": members}), input_size=8)
    model.architecture = {"kind": "vote", "by": "mean", "members": members}
    save_model(model, tmp_path)
    batch = torch.rand(2, 1, 8, 8)
    assert torch.equal(open_model(tmp_path).scores(batch), model.scores(batch))


def test_what_cannot_vote():
    with pytest.raises(BadModel, match="a vote needs at least one network"):
        Vote([])
    with pytest.raises(BadModel, match="unknown way to vote 'median': choose plurality or mean"):
        Vote([Says(1.0)], by="median")
