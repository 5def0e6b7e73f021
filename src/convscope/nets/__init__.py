"""Networks: built from a spec, taken by name, or opened as they are.

A new named network is one line in the table ``NETS`` of its family; a new family is one line here.
"""

from convscope.nets import alexnet, googlenet, lenet, nielsen, resnet, zfnet
from convscope.nets.net import Net
from convscope.nets.typical import typical

NETS: dict[str, Net] = {
    **lenet.NETS,
    **nielsen.NETS,
    **alexnet.NETS,
    **zfnet.NETS,
    **googlenet.NETS,
    **resnet.NETS,
}

__all__ = ["NETS", "Net", "typical"]
