"""Weights from the publisher of a network, torchvision or timm: its cache first, then its own download."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from convscope.errors import BadModel, UnknownName
from convscope.nets.architecture import Architecture
from convscope.nets.preprocessing import Preprocessing, of_timm, of_torchvision
from convscope.nets.pretrained import hub_cache, timm_weights, torch_cache


@dataclass(frozen=True)
class Published:
    """A network as its publisher hands it out."""

    module: nn.Module
    known: Preprocessing
    architecture: Architecture
    note: str


def published(architecture: Architecture, wanted: str) -> Published:
    """The network with published weights, by their name or "default"; may download, for the user asked by name.

    Raises UnknownName for weights that were never published, BadModel where they cannot be fetched.
    """
    return {"torchvision": _torchvision, "timm": _timm}[architecture["kind"]](architecture, wanted)


def _torchvision(architecture: Architecture, wanted: str) -> Published:
    from torchvision import models

    name = architecture["name"]
    known = models.get_model_weights(name)
    word = wanted.upper().rpartition(".")[2]
    if word not in known.__members__:  # DEFAULT is an alias among the members
        raise UnknownName("weights", wanted, [*known.__members__], f"They belong to {name}.")
    entry = known[word]
    place = "in torch's cache" if torch_cache(entry.url) else "torchvision download"
    module = _fetched(lambda: models.get_model(name, weights=entry), name)
    # some forwards depend on having been trained: remember how this one was built
    options = {key: getattr(module, key) for key in ("aux_logits", "transform_input") if hasattr(module, key)}
    rebuilt = architecture | {"classes": 1000, "options": options}
    return Published(module, of_torchvision(name, entry.name), rebuilt, f"Weights: {entry.name}, {place}.")


def _timm(architecture: Architecture, wanted: str) -> Published:
    import timm

    name = architecture["name"]
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{name}.*")]
    tag = "" if wanted == "default" else wanted
    if tag and tag not in tags:
        raise UnknownName("weights", wanted, ["default", *tags], f"They belong to timm's {name}.")
    full = f"{name}.{tag}" if tag else name
    config = timm_weights(full)
    if config is None:
        raise BadModel(f"timm has published no weights of {name}: give a file, weights=FILE.safetensors")
    kept = hub_cache(config.hf_hub_id) if config.hf_hub_id else None
    overlay = {"file": str(kept)} if kept else None  # else timm asks the hub even for what is there
    place = "in the Hugging Face cache" if kept else "timm download"
    module = _fetched(lambda: timm.create_model(full, pretrained=True, pretrained_cfg_overlay=overlay), name)
    rebuilt = architecture | {"classes": module.num_classes}
    return Published(module, of_timm(module), rebuilt, f"Weights: {config.tag or 'default'}, {place}.")


def _fetched(make: Callable[[], nn.Module], name: str) -> nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the publishers' own renamings are not the user's concern
            return make()
    except (
        Exception
    ) as error:  # no network, a refusal by the server, a damaged file: each raises its own kind
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadModel(
            f"cannot fetch the weights of {name}: {reason[:200]}. Give a file: weights=FILE.safetensors"
        ) from error
