"""Which arithmetic a step uses: bfloat16 where the processor multiplies it natively, float32 elsewhere."""

import torch


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16; emulated it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type == "cpu":
        able = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.9 has none
        return any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return False


def choose_precision(asked: str, device: torch.device) -> str:
    """ "bfloat16" or "float32"."""
    if asked != "auto":
        return asked
    return "bfloat16" if has_bfloat16(device) else "float32"


def arithmetic(precision: str, device: torch.device) -> torch.autocast:
    """The context in which a network is run forward."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
