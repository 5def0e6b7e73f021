"""The same network with its pools replaced by stride: what pooling is compared with."""

from dataclasses import replace

from convscope.errors import BadSpec
from convscope.nets.blocks import Block, Convolve, Pool, Spec


def without_pools(spec: Spec) -> Spec:
    """``spec`` with a strided convolution in place of every pooling, so that all sizes stay the same.

    It has the pool's window, stride and padding, as many filters as maps go in, and the activation and batch
    norm of the convolution before: "All-CNN" of Springenberg et al. 2014, arXiv 1412.6806, section 2.
    Means and maxima over whole maps, ``gap`` and ``gmp``, stay: no stride replaces them.
    Raises BadSpec where there is no pool, or one before any convolution.

    >>> from convscope.nets.spec import parse
    >>> str(without_pools(parse("32c5bn p2 64c3 p3s2 gap")))
    '32c5bn 32c2s2bn:valid 64c3 64c3s2:valid gap'
    """
    if not any(isinstance(block, Pool) for block in spec.blocks):
        raise BadSpec(f"the network {str(spec)!r} has no pools that stride could replace")
    filters, before = None, None
    blocks: list[Block] = []
    for block in spec.blocks:
        if isinstance(block, Convolve):
            filters, before = block.filters or filters, block  # a depthwise one leaves their number as it is
        blocks.append(_strided(block, filters, before) if isinstance(block, Pool) else block)
    return replace(spec, blocks=tuple(blocks))


def _strided(pool: Pool, filters: int | None, before: Convolve | None) -> Convolve:
    if filters is None or before is None:
        raise BadSpec(
            f"{str(pool)!r} comes before any convolution: how many filters should replace it is not known"
        )
    like = {"padding": pool.padding, "norm": before.norm, "activation": before.activation}
    return Convolve(filters, pool.size, pool.stride, **like)
