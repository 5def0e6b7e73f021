"""Networks that cannot be read as they are, recognised before anything runs, and the step that makes them readable."""

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from convscope.errors import BadModel

PLAIN = {nn.Parameter, Tensor}
QUANTISED = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized", "torch.nn.quantized")


def unwrapped(module: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """The network inside ``torch.compile`` and data-parallel wrappers, and a note for each that was taken off."""
    notes: tuple[str, ...] = ()
    while (inner := _inside(module)) is not None:
        notes += (f"opened the network inside {type(module).__name__}, which shares its weights",)
        module = inner
    return module, notes


def _inside(module: nn.Module) -> nn.Module | None:
    if isinstance(module, DataParallel | DistributedDataParallel):
        return module.module
    original = module.__dict__.get("_modules", {}).get("_orig_mod")  # torch.compile's OptimizedModule
    return original if isinstance(original, nn.Module) else None


def refuse_unreadable(module: nn.Module) -> None:
    """Raise BadModel naming the part that cannot be recorded, why, and what to do; silent for all others."""
    for path, part in module.named_modules():
        reason = _opaque(type(part)) or _wrapped(part)
        if reason:
            raise BadModel(f"{path or type(part).__name__} {reason}")
        for name, weight in (*part._parameters.items(), *part._buffers.items()):
            if weight is not None and (reason := _strange(weight)):
                raise BadModel(f"the weight {path}{'.' if path else ''}{name} {reason}")


def refuse_without_numbers(module: nn.Module) -> None:
    """Raise BadModel where a weight is on the meta device: it can be recorded, but shown no picture."""
    for name, weight in module.state_dict(keep_vars=True).items():
        if weight.is_meta:
            raise BadModel(
                f"the weight {name} is on the meta device, without numbers: call to_empty(device='cpu') and "
                "load_state_dict first"
            )


@lru_cache(maxsize=1024)
def _opaque(kind: type[nn.Module]) -> str:
    """Why no layer inside a module of this class can be seen; empty where they can."""
    if issubclass(kind, torch.jit.ScriptModule):
        return "is scripted or traced, and no layer inside it can be seen: open the module it was made from"
    if kind.__module__.startswith(QUANTISED):
        return "is quantised, and has no gradients: open the network as it was before convert or quantize_dynamic"
    if "FullyShardedDataParallel" in kind.__name__:
        return "is sharded: gather its state_dict and load it into the plain network"
    return ""


def _wrapped(part: nn.Module) -> str:
    if _inside(part) is not None:
        return f"is wrapped in {type(part).__name__}, where no layer can be seen: put the network inside it in its place"
    if part._compiled_call_impl is not None:
        return "was compiled in place, and its layers cannot be seen: open the network before .compile() is called"
    return ""


def _strange(weight: Tensor) -> str:
    """Why a weight cannot be used; empty for nearly all, and at once for plain ones."""
    if type(weight) in PLAIN and weight.dtype is torch.float32:
        return ""
    if is_lazy(weight):
        return "has no shape yet (a lazy module): run the network once on a picture before opening it"
    if is_traceable_wrapper_subclass(weight):
        return f"is a {type(weight).__name__}: load plain tensors into the network before opening it"
    if weight.dtype != torch.float32 and (weight.is_floating_point() or weight.is_complex()):
        kind = str(weight.dtype).removeprefix("torch.")
        return f"is {kind}, and networks are read in float32: open copy.deepcopy(model).float()"
    return ""
