"""How a network is written down, so that it can be rebuilt without running foreign code.

An architecture is plain JSON: ``{"kind": "spec" | "classic" | "vote" | "torchvision" | "timm", ...}``. The
kinds are a closed list; nothing in it is imported or evaluated.
"""

import re
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from convscope.errors import BadModel, UnknownName
from convscope.nets import NETS
from convscope.nets.build import build
from convscope.nets.net import Size
from convscope.nets.pretrained import ALIASES
from convscope.nets.spec import parse
from convscope.nets.vote import Vote

Architecture = dict[str, Any]


def describe(net: str, *, classes: int, channels: int, height: int, width: int) -> Architecture:
    """The architecture that a name or spec means; raises UnknownName or BadSpec.

    ``NETS`` come first, then torchvision, then timm; ``timm:NAME`` asks for timm alone.

    >>> describe("4c3 p2", classes=2, channels=1, height=8, width=8)["kind"]
    'spec'
    """
    asked = ALIASES.get(net.strip(), net.strip())
    size = {"channels": channels, "height": height, "width": width}
    if asked in NETS:
        return _classic(asked, (channels, height, width)) | {"classes": classes, **size}
    if _is_spec(asked):
        return {"kind": "spec", "spec": str(parse(asked)), "classes": classes, **size}
    if asked in torchvision_names():
        return {"kind": "torchvision", "name": asked, "classes": classes, "options": _quiet(asked)}
    name = asked.removeprefix("timm:")
    if name in timm_names():
        return {"kind": "timm", "name": name, "classes": classes, "channels": channels}
    raise UnknownName("network", asked, known_names(), "A spec looks like '32c5 p2 64c3 p2 fc128'.")


def create(architecture: Architecture, *, seed: int = 0) -> nn.Module:
    """The module with seeded random weights, torch's own random state left as it was."""
    kind = architecture.get("kind")
    if kind not in KINDS:
        raise BadModel(f"unknown architecture {kind!r}: this version rebuilds {', '.join(KINDS)}")
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # torchvision and timm announce initialisations and renamings; the weights are ours to set
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        try:
            return KINDS[kind](architecture)
        except (KeyError, TypeError) as error:
            raise BadModel(f"cannot rebuild the {kind} network: {error}") from error


def torchvision_names() -> list[str]:
    """torchvision's image classifiers."""
    from torchvision import models

    return models.list_models(module=models)


def timm_names() -> list[str]:
    """timm's networks; none where timm is not installed."""
    try:
        import timm
    except ImportError:
        return []
    return timm.list_models()


def known_names() -> list[str]:
    return [*NETS, *torchvision_names()]


def _classic(name: str, size: Size) -> Architecture:
    """A name of ``NETS``: as a spec where it is a plain stack, so that it survives a change of the table."""
    net = NETS[name]
    net.check(name, size)
    spec = net.spec_for(*size[1:])
    if spec is None:
        return {"kind": "classic", "name": name}
    return {"kind": "spec", "name": name, "spec": str(parse(spec))}


def _is_spec(text: str) -> bool:
    """Whether a text is meant as a spec: it has blanks, or begins like a layer with weights."""
    return not text or " " in text or re.match(r"\d+c|(dw|fc)\d", text) is not None


def _quiet(name: str) -> dict[str, Any]:
    """Options for the two networks whose training output is a tuple unless told otherwise."""
    aside = name in ("googlenet", "inception_v3")
    return {"aux_logits": False, "init_weights": True} if aside else {}


def _from_spec(architecture: Architecture) -> nn.Module:
    sizes = {key: architecture[key] for key in ("classes", "channels", "height", "width")}
    return build(architecture["spec"], **sizes)


def _from_classic(architecture: Architecture) -> nn.Module:
    make = NETS[architecture["name"]].make
    if make is None:
        raise BadModel(f"{architecture['name']} is a spec here: this run was written by another version")
    return make(architecture["classes"], architecture["channels"])


def _from_vote(architecture: Architecture) -> nn.Module:
    members = architecture["members"]
    return Vote([KINDS[member["kind"]](member) for member in members], architecture.get("by", "plurality"))


def _from_torchvision(architecture: Architecture) -> nn.Module:
    from torchvision import models

    return models.get_model(
        architecture["name"],
        weights=None,
        num_classes=architecture["classes"],
        **architecture.get("options", {}),
    )


def _from_timm(architecture: Architecture) -> nn.Module:
    try:
        import timm
    except ImportError as error:
        raise BadModel(
            f"{architecture['name']} comes from timm, which is not installed: pip install 'convscope[timm]'"
        ) from error
    return timm.create_model(
        architecture["name"],
        pretrained=False,
        num_classes=architecture["classes"],
        in_chans=architecture.get("channels", 3),
    )


KINDS: dict[str, Callable[[Architecture], nn.Module]] = {
    "spec": _from_spec,
    "classic": _from_classic,
    "vote": _from_vote,
    "torchvision": _from_torchvision,
    "timm": _from_timm,
}
