"""A model as one file that other programs run: pictures in, probabilities out, preprocessing inside."""

import copy
import json
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convscope.errors import BadModel
from convscope.model.model import Model, as_probabilities
from convscope.model.resample import Fitted
from convscope.model.tape import single_output
from convscope.version import __version__

Runner = Callable[[np.ndarray], np.ndarray]  # pictures uint8 [N, h, w, 3] -> probabilities [N, classes]


class Classifier(nn.Module):
    """Pictures uint8 ``[N, h, w, 3]`` of any size, RGB, to probabilities ``[N, classes]``."""

    def __init__(self, model: Model):
        super().__init__()
        self.fitted = Fitted(model.fit)
        self.network = copy.deepcopy(model.module).cpu().eval()  # the user's own stays as it is
        self.choose, self.ending, self.calibration = model.choose, model.ending, model.calibration
        mean, std = model.normalisation
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, images: Tensor) -> Tensor:
        pixels = (self.fitted(images).float() / 255 - self.mean) / self.std
        result = single_output(self.network(pixels), self.choose)
        return as_probabilities(result, self.ending, self.calibration)


def trace(model: Model) -> torch.export.ExportedProgram:
    """The whole way from pictures to probabilities as one graph; raises BadModel where it cannot be one.

    Number, height and width of the pictures stay free.
    """
    examples = torch.zeros(2, model.fit.height + 8, model.fit.width + 11, 3, dtype=torch.uint8)
    free = {index: torch.export.Dim(name) for index, name in enumerate(("pictures", "height", "width"))}
    try:
        with _quiet():
            return torch.export.export(Classifier(model), (examples,), dynamic_shapes={"images": free})
    except BadModel:
        raise
    except Exception as error:  # whatever the user's forward does that a graph cannot say
        raise BadModel(f"{model.name} cannot be written as a graph: {_first_line(error)}") from error


def about(model: Model) -> dict[str, Any]:
    """What a program that runs the file needs to know, as plain data."""
    return {
        "convscope": __version__,
        "name": model.name,
        "model_id": model.id,
        "classes": list(model.classes),
        "input": "images: uint8 [pictures, height, width, 3], red green blue, any size",
        "output": "probabilities: float32 [pictures, classes]",
        "fit": model.fit.as_dict(),
        "mean": list(model.mean),
        "std": list(model.std),
        "temperature": model.temperature,
        "notes": list(model.notes),
    }


class Onnx:
    """An ONNX file in the making; needs the extra ``export``."""

    def __init__(self, program: torch.export.ExportedProgram):
        try:
            import onnxruntime  # noqa: F401
            import onnxscript  # noqa: F401
        except ImportError as error:
            raise BadModel(
                f"ONNX needs {error.name}, which is not installed: pip install 'convscope[export]'"
            ) from error
        try:
            with _quiet():
                made = torch.onnx.export(
                    program,
                    input_names=["images"],
                    output_names=["probabilities"],
                    dynamo=True,
                    external_data=False,
                    verbose=False,
                )
        except Exception as error:  # an operation that ONNX has no word for
            raise BadModel(f"ONNX cannot say what this network does: {_first_line(error)}") from error
        assert made is not None
        self.graph = made.model_proto

    def runner(self) -> Runner:
        """The file as ONNX Runtime runs it."""
        import onnxruntime

        session = onnxruntime.InferenceSession(
            self.graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return lambda pictures: np.asarray(session.run(None, {"images": pictures})[0])

    def bytes(self, facts: dict[str, Any]) -> bytes:
        """The file, with facts as JSON under their names in its metadata."""
        for key, value in facts.items():
            entry = self.graph.metadata_props.add()
            entry.key, entry.value = key, value if isinstance(value, str) else json.dumps(value)
        return self.graph.SerializeToString()


class Pt2:
    """A ``torch.export`` file in the making."""

    def __init__(self, program: torch.export.ExportedProgram):
        self.program = program

    def runner(self) -> Runner:
        """The file as torch runs it, read back from its bytes."""
        with _quiet():
            module = torch.export.load(BytesIO(self.bytes({}))).module()
        return lambda pictures: module(torch.from_numpy(pictures.copy())).detach().numpy()

    def bytes(self, facts: dict[str, Any]) -> bytes:
        """The file, with facts as JSON in its extra file ``convscope.json``."""
        file = BytesIO()
        with _quiet():
            torch.export.save(self.program, file, extra_files={"convscope.json": json.dumps(facts)})
        return file.getvalue()


FORMATS: dict[str, type[Onnx] | type[Pt2]] = {".onnx": Onnx, ".pt2": Pt2}


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:200]


def _quiet() -> warnings.catch_warnings:
    """torch's exporters warn of their own deprecations; nothing of ours can change that."""
    return warnings.catch_warnings(action="ignore")
