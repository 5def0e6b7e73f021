"""What one network, or several together, say of pictures."""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch

from convscope.errors import BadImages, BadModel, BadSpec
from convscope.images import Images, open_images
from convscope.images.source import Problem
from convscope.model.model import FROM_ONE, Model
from convscope.nets.open import open_model

BATCH = 64
Combine = Literal["mean", "vote"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is said of one image; ``label`` is the true class, None where unknown.

    ``predicted`` is "" where the answer was withheld as not sure enough. ``votes`` counts the networks
    whose own first class is the predicted one, or would be.
    """

    id: str
    label: str | None
    predicted: str
    probability: float
    probabilities: np.ndarray  # float32 [classes], in the order of ``model.classes``
    votes: int = 1

    def __repr__(self) -> str:
        return f"<Prediction {self.id}: {self.predicted or 'not sure enough'}, {self.probability:.1%}>"

    @property
    def abstained(self) -> bool:
        return not self.predicted

    def top(self, classes: tuple[str, ...], count: int = 5) -> list[tuple[str, float]]:
        """The likeliest classes and their probabilities."""
        best = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(classes[i], float(self.probabilities[i])) for i in best]


def predict(
    model: Any,
    images: Any,
    *,
    combine: Combine = "mean",
    abstain: float = 0.0,
    on_problem: Callable[[Problem], None] | None = None,
) -> list[Prediction]:
    """Class probabilities of every image, in the order of the images; anything ``open_images`` takes.

    ``model`` is a ``Model`` or anything ``open_model`` takes. Several in a list answer together: classes are
    matched by name and come in the order of the first model. By ``combine="mean"`` their probabilities are averaged; by "vote" each names its likeliest class, the
    most named wins, and of equals the one of the higher mean probability; the probability of a class is
    then its share of the votes, the mean probabilities being one voter more. An answer whose probability
    is below ``abstain`` is withheld.

    An image that cannot be read goes to ``on_problem`` and is left out; without it, BadImages is raised.
    Raises BadModel where the models know different classes, one alone, or answer NaN, BadSpec for a threshold that is no share.

    >>> cs.predict(cs.open_model("runs/photos"), "photos/")[0].predicted  # doctest: +SKIP
    'cat'
    """
    if not 0 <= abstain <= 1:
        raise BadSpec(f"abstain is {abstain!r}: choose a probability from 0 to 1")
    if combine not in get_args(Combine):
        raise BadSpec(f"combine is {combine!r}: choose {' or '.join(get_args(Combine))}")
    models = [open_model(one) for one in (model if isinstance(model, list | tuple) else [model])]
    source = images if isinstance(images, Images) else open_images(images)
    if on_problem is not None:
        for problem in source.problems:
            on_problem(problem)
    return [
        _prediction(models[0], source, row, answers, combine, abstain)
        for row, answers in _answers(models, source, on_problem)
    ]


def _prediction(
    first: Model, images: Images, row: int, answers: np.ndarray, combine: Combine, abstain: float
) -> Prediction:
    """What probabilities ``[models, classes]`` amount to."""
    label = int(images.labels[row])
    shares = together(answers, combine)
    winner = int(shares.argmax())
    return Prediction(
        id=images.ids[row],
        label=images.classes[label] if label >= 0 else None,
        predicted=first.classes[winner] if shares[winner] >= abstain else "",
        probability=float(shares[winner]),
        probabilities=shares,
        votes=int((answers.argmax(1) == winner).sum()),
    )


def together(answers: np.ndarray, combine: Combine) -> np.ndarray:
    """Probabilities ``[classes]`` of several ``[models, classes]``; by vote, ties go to the higher mean.

    >>> together(np.array([[0.6, 0.4], [0.3, 0.7]]), "vote").argmax()
    1
    """
    mean = answers.mean(0, dtype=np.float64)
    if len(answers) == 1 or combine == "mean":
        return mean.astype(np.float32)
    votes = np.bincount(answers.argmax(1), minlength=answers.shape[1])
    return ((votes + mean) / (len(answers) + 1)).astype(np.float32)


def _orders(models: Sequence[Model]) -> list[list[int]]:
    """For each model, where the classes of the first are; raises BadModel where one is not there."""
    if not models:
        raise BadModel("there is no model to ask: give one, or a list of them")
    first = models[0]
    for other in models[1:]:
        if strange := sorted(set(first.classes) ^ set(other.classes)):
            knows = first if strange[0] in first.classes else other
            raise BadModel(
                f"{first.name} and {other.name} cannot answer together: only {knows.name} knows the class "
                f"{strange[0]!r}. Give models of the same classes"
            )
    return [[one.classes.index(name) for name in first.classes] for one in models]


def _answers(
    models: Sequence[Model], images: Images, on_problem: Callable[[Problem], None] | None
) -> Iterator[tuple[int, np.ndarray]]:
    """(row, probabilities ``[models, classes]``) of every image that can be read, in order."""
    orders = _orders(models)
    for one in models:
        if len(one.classes) < 2:
            raise BadModel(
                f"{one.name} has one output, which says nothing of one class against another: {FROM_ONE}"
            )
    for rows, pictures in _read(images, on_problem):
        inputs = ([one.preprocess(picture) for picture in pictures] for one in models)
        answers = [one.probabilities(torch.stack(batch)) for one, batch in zip(models, inputs, strict=True)]
        each = torch.stack([part[:, order] for part, order in zip(answers, orders, strict=True)], 1)
        if (strange := each.isnan().flatten(1).any(1)).any():
            name = images.ids[rows[int(strange.nonzero()[0])]]
            raise BadModel(
                f"{models[0].name} answers NaN for {name}: its weights, or mean and std, are damaged"
            )
        yield from zip(rows, each.numpy(), strict=True)


def _read(
    images: Images, on_problem: Callable[[Problem], None] | None = None
) -> Iterator[tuple[list[int], list[np.ndarray]]]:
    """Rows and pictures, some at a time; what cannot be read is told or raised."""
    rows: list[int] = []
    pictures: list[np.ndarray] = []
    for row, name in enumerate(images.ids):
        try:
            raw = images.raw(row)
            pictures.append(images[row] if raw is None else raw)
            rows.append(row)
        except BadImages as error:
            if on_problem is None:
                raise
            on_problem(Problem(name, str(error)))
        if len(rows) == BATCH:
            yield rows, pictures
            rows, pictures = [], []
    if rows:
        yield rows, pictures


def raw_scores(model: Model, images: Images) -> np.ndarray:
    """What the network itself returns for every image, float32 ``[n, classes]``."""
    parts = [model.scores(torch.stack([model.preprocess(one) for one in some])) for _, some in _read(images)]
    return torch.cat(parts).numpy() if parts else np.zeros((0, len(model.classes)), np.float32)


def with_calibration(model: Model, value: float) -> Model:
    """The same network under another fitted temperature."""
    other = copy(model)
    for known in ("id", "temperature"):  # computed from it
        other.__dict__.pop(known, None)
    other.calibration = value
    return other
