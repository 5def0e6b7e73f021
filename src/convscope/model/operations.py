"""What convscope knows about torch operations: canonical names, argument names, and kinds."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

# one name for the many spellings of an operation: x + y, torch.add, x.add_, x += y
SPELLINGS = {
    "radd": "add", "iadd": "add", "rmul": "mul", "imul": "mul", "isub": "sub", "rsub": "sub",
    "itruediv": "div", "truediv": "div", "rtruediv": "div", "concat": "cat", "concatenate": "cat",
    "clip": "clamp", "getitem": "slice", "setitem": "assign", "hardtanh_": "hardtanh", "multiply": "mul",
    "divide": "div", "subtract": "sub", "swapaxes": "transpose", "swapdims": "transpose", "clamp_min": "clamp",
}  # fmt: skip

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}
TRANSPOSED = {"conv_transpose1d", "conv_transpose2d"}
MAX_POOLS = {"max_pool1d", "max_pool2d", "max_pool2d_with_indices", "adaptive_max_pool2d"}
RECTIFIERS = {"relu", "relu6", "hardtanh", "threshold"}
SMOOTH = {
    "silu",
    "gelu",
    "hardswish",
    "mish",
    "elu",
    "selu",
    "celu",
    "leaky_relu",
    "prelu",
    "rrelu",
    "softplus",
}
SQUASHING = {"sigmoid", "tanh", "hardsigmoid", "softsign", "logsigmoid"}
NORMALISATIONS = {
    "batch_norm",
    "layer_norm",
    "group_norm",
    "instance_norm",
    "local_response_norm",
    "rms_norm",
}
SOFTMAX = {"softmax", "log_softmax"}
# comparisons and selections with which a rectifier can be written without being one
DISGUISES = {
    "where",
    "maximum",
    "minimum",
    "fmax",
    "gt",
    "ge",
    "lt",
    "le",
    "heaviside",
    "sign",
    "clamp",
    "abs",
}
DROPOUTS = {"dropout", "dropout2d", "feature_dropout", "alpha_dropout", "stochastic_depth"}
POINTWISE = (
    RECTIFIERS | SMOOTH | SQUASHING | DISGUISES | DROPOUTS | SOFTMAX
    | {"add", "sub", "mul", "div", "neg", "pow", "exp", "log", "sqrt", "rsqrt", "square", "clone", "contiguous",
       "detach", "to", "float", "type_as", "identity", "requires_grad", "batch_norm", "local_response_norm",
       "addcmul", "addcdiv", "lerp", "nan_to_num", "eq", "ne", "logical_and", "logical_or", "logical_not",
       "masked_fill", "erf", "reciprocal", "half", "double", "bfloat16", "rsub"}
)  # fmt: skip
# steps of a chain that belongs to one convolution, sum or concatenation
CHAINED = RECTIFIERS | SMOOTH | SQUASHING | NORMALISATIONS | DROPOUTS | {"clamp"}
SUMS = {"add", "sub"}

SIGNATURES: dict[str, tuple[str, ...]] = {
    "conv1d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose2d": (
        "input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation",
    ),
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "max_pool2d_with_indices": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "avg_pool2d": (
        "input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override",
    ),
    "lp_pool2d": ("input", "norm_type", "kernel_size", "stride", "ceil_mode"),
    "adaptive_avg_pool2d": ("input", "output_size"),
    "adaptive_max_pool2d": ("input", "output_size"),
    "pad": ("input", "pad", "mode", "value"),
    "cat": ("tensors", "dim"),
    "stack": ("tensors", "dim"),
    "permute": ("input", "dims"),
    "transpose": ("input", "dim0", "dim1"),
    "mean": ("input", "dim", "keepdim"),
    "sum": ("input", "dim", "keepdim"),
    "amax": ("input", "dim", "keepdim"),
    **dict.fromkeys(
        ("max", "min", "amin", "prod", "std", "var", "var_mean", "std_mean", "argmax", "logsumexp"),
        ("input", "dim", "keepdim"),
    ),
    "norm": ("input", "p", "dim", "keepdim"),
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
    "matmul": ("input", "other"),
    "narrow": ("input", "dim", "start", "length"),
    "select": ("input", "dim", "index"),
    "pixel_unshuffle": ("input", "downscale_factor"),
    "softmax": ("input", "dim"),
    "log_softmax": ("input", "dim"),
    "layer_norm": ("input", "normalized_shape"),
    "slice": ("input", "index"),
    "chunk": ("input", "chunks", "dim"),
    "split": ("input", "split_size_or_sections", "dim"),
    "unbind": ("input", "dim"),
    "squeeze": ("input", "dim"),
    "unsqueeze": ("input", "dim"),
    "interpolate": (
        "input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias",
    ),
    "upsample": ("input", "size", "scale_factor", "mode", "align_corners"),
    "flip": ("input", "dims"),
    "pixel_shuffle": ("input", "upscale_factor"),
    "linear": ("input", "weight", "bias"),
    "div": ("input", "other"),
    "mul": ("input", "other"),
    "hardtanh": ("input", "min_val", "max_val"),
}  # fmt: skip


@lru_cache(maxsize=1024)
def canonical(function: Callable[..., Any]) -> str:
    """The one name of an operation: ``torch.relu_``, ``Tensor.relu`` and ``F.relu`` are all ``relu``."""
    name = getattr(function, "__name__", type(function).__name__)
    if name in ("__get__", "__set__"):  # attributes of a tensor, such as x.T
        name = getattr(getattr(function, "__self__", None), "__name__", name)
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    name = name.lstrip("_").partition(".")[0]  # relu.default, as exported graphs call it
    name = SPELLINGS.get(name, name)
    if name.endswith("_") and not name.startswith("_"):
        name = name[:-1]
    return SPELLINGS.get(name, name)


def arguments(operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, for the operations whose signature is known; else only keywords."""
    names = SIGNATURES.get(operation, ("input",))
    if operation in ("permute", "flip", "view", "reshape") and len(args) > 2:
        args = (args[0], args[1:])
    return dict(zip(names, args, strict=False)) | kwargs
