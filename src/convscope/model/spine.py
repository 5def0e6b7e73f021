"""The spine of a network: the calls that everything passes on its way from the pixels to the scores.

Between two neighbouring calls of the spine lies a block, whatever it holds: one convolution, a residual
block with its shortcut, an Inception module. In the words of graphs, the spine is what dominates the output.
"""

from convscope.model.tape import INPUT, Call, Record


def spine(record: Record) -> tuple[Call, ...]:
    """The calls that no path from the input to the output goes around, in running order.

    >>> [call.operation for call in spine(model.record)]  # doctest: +SKIP
    ['conv2d', 'relu', 'max_pool2d', 'flatten', 'linear']
    """
    path = between(record)
    furthest: dict[int, int] = {INPUT: INPUT}
    for call in path:
        furthest |= dict.fromkeys((value.call for value in call.inputs), call.index)
    vertebrae, open_until = [], furthest[INPUT]
    for call in path:
        # running order respects the graph: a path around this call has a step that leaps over its index
        if open_until <= call.index:
            vertebrae.append(call)
        open_until = max(open_until, furthest.get(call.index, INPUT))
    return tuple(vertebrae)


def between(record: Record) -> list[Call]:
    """The calls that depend on the pixels and that the output depends on, in running order."""
    reached = {INPUT}
    for call in record.calls:
        if any(value.call in reached for value in call.inputs):
            reached.add(call.index)
    needed = {record.output.call}
    for call in reversed(record.calls):
        if call.index in needed:
            needed |= {value.call for value in call.inputs}
    return [call for call in record.calls if call.index in needed & reached]
