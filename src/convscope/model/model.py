"""A trained network with all that is needed to show it pictures and to look inside."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from math import inf
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convscope.errors import BadImages, BadModel, UnknownName
from convscope.model.layer import Layer
from convscope.model.layers import find_layers, output_layer, scores_and_temperature, surveyed
from convscope.model.readable import unwrapped
from convscope.model.state import undisturbed
from convscope.model.tape import Record, record, single_output
from convscope.plain.fit import Fit
from convscope.plain.unit import Unit

GIVE = "give a picture as uint8 [height, width, colours], or the network's own input as float [channels, height, width]"
# of two classes with the logits -x/2 and x/2 the second has the probability sigmoid(x)
FROM_ONE = "return two scores, for a logit x torch.cat([-x, x], 1) / 2"
TINY = torch.finfo(torch.float32).tiny  # has a logarithm


class Model:
    """An ``nn.Module`` with its layers in running order, class names, preprocessing and identity.

    The module is the user's own and is never changed. ``mean`` and ``std`` are per channel, for pixels
    in 0 to 1, and empty where they are not known; ``architecture`` is the plain data from which the module can be built again, None where
    it cannot; ``choose`` is the key or index of the class scores where the forward returns several things.
    ``calibration`` is the temperature fitted after training: scores are divided by it, and the order of the
    classes stays. Raises BadModel where parts do not fit.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        fit: Fit,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        classes: tuple[str, ...] = (),
        name: str = "",
        architecture: dict[str, Any] | None = None,
        choose: str | int | None = None,
        notes: tuple[str, ...] = (),
        calibration: float = 1.0,
    ):
        if any(values and len(values) != fit.channels for values in (mean, std)):
            raise BadModel(f"mean {mean} and std {std} must each have {fit.channels} numbers, one a channel")
        if any(not deviation > 0 for deviation in std):
            raise BadModel(
                f"std {tuple(std)} cannot divide pixels: give numbers above zero, 1 leaves them as they are"
            )
        if not 0 < calibration < inf:
            raise BadModel(f"a temperature of {calibration} cannot divide scores: give a number above zero")
        self.module, wrappings = unwrapped(module)
        self.fit = fit
        self.mean, self.std = tuple(mean), tuple(std)
        self.name = name or type(self.module).__name__
        self.architecture = architecture
        self.choose = choose
        self.notes = notes + wrappings
        self.calibration = calibration
        self._classes = tuple(classes)

    def __repr__(self) -> str:
        size = f"{self.fit.channels}x{self.fit.height}x{self.fit.width}"
        return f"<Model {self.name}: {size} -> {len(self.classes)} classes, {len(self.layers)} layers>"

    @cached_property
    def record(self) -> Record:
        """One forward pass, call by call."""
        example = torch.zeros(1, self.fit.channels, self.fit.height, self.fit.width, device=self.device)
        return record(self.module, example, self.choose)

    @cached_property
    def layers(self) -> Mapping[str, Layer]:
        """Every call that yields a map, by name, in running order."""
        return MappingProxyType(find_layers(self.record))

    @cached_property
    def output(self) -> str:
        """The name of the layer of class scores, before any softmax."""
        return output_layer(self.record)

    @cached_property
    def surveyed(self) -> tuple[str, ...]:
        """Names of the layers a survey looks at by default."""
        return surveyed(self.record, dict(self.layers), self.output)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names, ``class 0`` … where none are known."""
        shape = self.record.output_shape
        count = shape[1] if len(shape) == 2 else self.layer(self.output).channels
        if not self._classes:
            return tuple(f"class {index}" for index in range(count))
        if len(self._classes) != count:
            found = "one output" if count == 1 else f"{count} outputs"
            how = f": {FROM_ONE}" if (count, len(self._classes)) == (1, 2) else ""
            raise BadModel(f"{len(self._classes)} class names were given, but {self.name} has {found}{how}")
        return self._classes

    @cached_property
    def id(self) -> str:
        """SHA-256 of weights, structure, preprocessing and class names: what the model is, not what it is called."""
        digest = hashlib.sha256()
        about = [self.fit.as_dict(), self.mean, self.std, self._classes, str(self.module), self.choose]
        about += [self.calibration] if self.calibration != 1 else []
        digest.update(json.dumps(about, sort_keys=True).encode())
        for name, tensor in sorted(self.module.state_dict().items()):
            plain = tensor.detach().cpu().contiguous()
            digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
            digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)  # not copied
        return digest.hexdigest()

    @property
    def device(self) -> torch.device:
        tensor = next(self.module.parameters(), None)
        return torch.device("cpu") if tensor is None else tensor.device

    @property
    def parameters(self) -> int:
        """How many numbers training can change."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    def layer(self, name: str) -> Layer:
        """The layer of that name; raises UnknownName with the nearest ones."""
        if name not in self.layers:
            raise UnknownName("layer", name, self.layers, "`convscope summary MODEL` lists them all.")
        return self.layers[name]

    def check(self, unit: Unit) -> Layer:
        """The layer of a unit that exists; raises UnknownName naming the range it is out of."""
        layer = self.layer(unit.layer)
        if not 0 <= unit.channel < layer.channels:
            raise UnknownName(
                "channel", unit.channel, (), f"{layer.name} has channels 0 to {layer.channels - 1}."
            )
        y, x = unit.position or (0, 0)
        if not (0 <= y < layer.height and 0 <= x < layer.width):
            raise UnknownName(
                "position",
                unit,
                (),
                f"{layer.name} has rows 0 to {layer.height - 1}, columns 0 to {layer.width - 1}.",
            )
        return layer

    def unit_of_class(self, name: str) -> Unit:
        """The logit of a class; raises UnknownName."""
        if name not in self.classes:
            raise UnknownName("class", name, self.classes)
        return Unit(self.output, self.classes.index(name))

    def pixels(self, image: np.ndarray) -> np.ndarray:
        """What the network is shown of a source image: uint8 ``[height, width, channels]``; raises BadImages."""
        picture = np.asarray(image)
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or 0 in picture.shape:
            raise BadImages(f"{picture.dtype} of shape {picture.shape} is no picture: {GIVE}")
        return self.fit.apply(picture)

    def preprocess(self, image: np.ndarray | Tensor) -> Tensor:
        """The network's input ``[C, H, W]`` for a uint8 image ``[h, w, c]``; a float tensor passes as it is.

        Raises BadImages for what is neither, BadModel for a float tensor of another shape.
        """
        given = image if isinstance(image, Tensor) else np.asarray(image)
        if isinstance(given, Tensor) or given.dtype.kind == "f":
            return self._as_given(torch.as_tensor(given))
        return self.normalised(self.pixels(given))

    def normalised(self, pixels: np.ndarray) -> Tensor:
        """The network's input ``[C, H, W]`` for uint8 pixels ``[height, width, channels]`` that are fitted already."""
        width = pixels.shape[1]
        # a row of pixels at a time: three channels at a time would take twice as long
        mean, std = (of_channel.flatten().repeat(width) for of_channel in self.normalisation)
        rows = torch.from_numpy(np.require(pixels, requirements=["C", "W"])).flatten(1).float()
        return rows.div_(255).sub_(mean).div_(std).unflatten(1, (width, -1)).permute(2, 0, 1)

    @property
    def normalisation(self) -> tuple[Tensor, Tensor]:
        """Mean and std, each ``[C, 1, 1]``; raises BadModel where they are not known."""
        if not self.mean or not self.std:
            raise BadModel(
                f"how {self.name} expects its pixels is not known: open it with mean= and std= as it was trained "
                "with, for pixels in 0 to 1; mean=0, std=1 leaves them so"
            )
        mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (self.mean, self.std))
        return mean, std

    def _as_given(self, tensor: Tensor) -> Tensor:
        expected = (self.fit.channels, self.fit.height, self.fit.width)
        if not tensor.is_floating_point():  # of 0 to 255 where the network was made for numbers about zero
            raise BadImages(f"a tensor of {tensor.dtype} is no finished input: {GIVE}")
        if tuple(tensor.shape) != expected:
            raise BadModel(
                f"a float image must have the network's input shape {expected}, not {tuple(tensor.shape)}: {GIVE}"
            )
        return tensor.float()

    def scores(self, batch: Tensor) -> Tensor:
        """The network's answer ``[N, classes]``, as a rule logits, for a batch ``[N, C, H, W]``, in evaluation mode, without gradients.

        Where the network ends in a softmax these are probabilities: ``shares`` is for the layer ``output``, before it.
        """
        with undisturbed(self.module), torch.no_grad():
            result = single_output(self.module(batch.to(self.device)), self.choose).cpu()
        return class_scores(result if result.dim() == 2 else result.movedim(self.layer(self.output).axis, 1))

    @cached_property
    def temperature(self) -> float:
        """What the class scores are divided by before they become probabilities: the network's own and the fitted."""
        return scores_and_temperature(self.record)[1] * self.calibration

    def shares(self, scores: Tensor) -> Tensor:
        """Class probabilities of what the layer ``output`` gives, ``[..., classes]``."""
        return (scores / self.temperature).softmax(-1)

    def likeliest(self, scores: Tensor, count: int) -> tuple[tuple[str, float], ...]:
        """Names and probabilities of the ``count`` likeliest classes, of what the layer ``output`` gives for one image, ``[1, ...]``; of one output, which names no class, none."""
        if len(self.classes) == 1:
            return ()
        shares = self.shares(class_scores(scores))[0]
        best = shares.sort(descending=True, stable=True).indices[:count].tolist()
        return tuple((self.classes[place], float(shares[place])) for place in best)

    @property
    def ending(self) -> str:
        """The last operation of the forward pass: a softmax where the network makes its own probabilities."""
        return self.record.calls[self.record.output.call].operation

    def probabilities(self, batch: Tensor) -> Tensor:
        """Class probabilities ``[N, classes]``: by the network's own softmax, else by the softmax of its scores."""
        return as_probabilities(self.scores(batch), self.ending, self.calibration)


def class_scores(output: Tensor) -> Tensor:
    """Scores ``[N, classes]`` of what the last layer gives, ``[N, classes]`` or maps ``[N, classes, H, W]``.

    A class is a channel of the last layer, and a channel without a position is its maximum over all of them.
    """
    return output.flatten(2).amax(2) if output.dim() > 2 else output


def as_probabilities(result: Tensor, ending: str, calibration: float = 1.0) -> Tensor:
    """What a forward pass that ends in the operation ``ending`` returned ``[N, classes]``, as probabilities."""
    if calibration != 1:
        return (as_scores(result, ending) / calibration).softmax(1)
    if ending == "softmax":
        return result
    return result.exp() if ending == "log_softmax" else result.softmax(1)


def as_scores(result: Tensor, ending: str) -> Tensor:
    """The same result before any softmax, up to a constant an image."""
    return result.clamp_min(TINY).log() if ending == "softmax" else result
