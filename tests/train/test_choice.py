"""The epoch that is kept: the latest that the judges cannot tell from the best, found as the epochs come."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from convscope import train
from convscope.train.choice import keeps, kept_epoch, standard_error


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(40, 60))
def test_as_they_come_the_same_epoch_is_kept_as_at_the_end(rights, judges):
    rows = []
    for epoch, right in enumerate(rights):
        row = {"epoch": epoch, "val_accuracy": right / judges, "val_loss": 1.0}
        rows.append(row | {"kept": keeps(rows, row, judges)})
    most = max(rights)
    error = binom.std(judges, (most + 1) / (judges + 2))  # in images
    found = kept_epoch(rows)["epoch"]
    assert rights[found] >= most - error - 1e-9
    assert all(right < most - error + 1e-9 for right in rights[found + 1 :])


@pytest.mark.parametrize(("share", "judges"), [(0.5, 4), (0.9, 100), (1.0, 500), (0.0, 7)])
def test_the_standard_error_is_that_of_a_binomial_share_with_one_more_of_each(share, judges):
    likely = (share * judges + 1) / (judges + 2)
    assert standard_error(share, judges) == pytest.approx(binom.std(judges, likely) / judges)
    assert standard_error(share, judges) > 0


def test_of_epochs_that_few_judges_cannot_tell_apart_the_later_is_kept(images, quick, tmp_path, monkeypatch):
    from convscope.train import loop

    accuracies = iter([0.5, 0.9, 0.85, 0.6])
    monkeypatch.setattr(loop, "validate", lambda course, state: (1.0, next(accuracies)))
    train(images, **quick)
    rows = [json.loads(line) for line in (tmp_path / "runs/run/metrics.jsonl").read_text().splitlines()]
    assert [row["kept"] for row in rows] == [True, True, True, False]
    assert json.loads((tmp_path / "runs/run/report.json").read_text())["best_epoch"] == 3


def test_a_run_of_before_kept_the_most_accurate_epoch():
    rows = [
        {"epoch": n + 1, "loss": 1.0, "accuracy": right, "val_loss": loss, "val_accuracy": right, "lr": 0.1}
        for n, (right, loss) in enumerate([(0.5, 1.0), (0.9, 0.7), (0.9, 0.6), (0.88, 0.5)])
    ]
    assert kept_epoch(rows) is rows[2]
