"""The model card: one page of text that travels with the network (Mitchell et al. 2019, arXiv 1810.03993)."""

from typing import Any

from convscope.version import __version__


def card(report: dict[str, Any]) -> str:
    """Markdown: what the network is, of what data, how good, where weak, what it must not be used for."""
    split = "test" if "test" in report else "val"
    parts = [
        f"# {plain(report['name'])}",
        _what(report),
        "## Data",
        _data(report),
        "## Figures",
        _figures(report[split], "test" if split == "test" else "validation"),
        "## Limits",
        _limits(report, report[split]),
        "## Licence",
        "Unknown to convscope, of the pictures as of the network: ask whoever made them "
        "before you pass this on.",
        "## How to use it",
        _use(report),
    ]
    return "\n\n".join(parts) + "\n"


def plain(text: Any) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|!" else letter for letter in str(text))


def _what(report: dict[str, Any]) -> str:
    height, width, channels = report["input"]
    colours = "grey" if channels == 1 else "colour"
    return (
        f"A convolutional network that puts {colours} pictures of {height} x {width} pixels into "
        f"{len(report['classes'])} classes: {', '.join(map(plain, report['classes']))}. "
        f"`{report['net']}`, {report['parameters']:,} parameters, trained by convscope "
        f"{__version__} with seed {report['seed']}. "
        f"Its identity is `{report['model'][:16]}`."
    )


def _data(report: dict[str, Any]) -> str:
    counts = report["contents"]
    splits = list(counts["splits"])
    head = f"| class | {' | '.join(splits)} |\n|---|{'--:|' * len(splits)}"
    rows = "\n".join(
        f"| {plain(row['class'])} | {' | '.join(str(row[split]) for split in splits)} |"
        for row in counts["classes"]
    )
    digest = report["environment"].get("images", "")
    return f"{plain(report['data'])}, {counts['images']:,} images, digest `{digest[:16]}`.\n\n{head}\n{rows}"


def _figures(measured: dict[str, Any], words: str) -> str:
    low, high = measured["interval"]
    share = lambda value: "–" if value is None else f"{value:.1%}"  # noqa: E731
    rows = "\n".join(
        f"| {plain(row['class'])} | {row['images']} | {share(row['precision'])} | {share(row['recall'])} | "
        f"{share(row['f1'])} |"
        for row in measured["per_class"]
    )
    trust = measured["calibration"]
    return (
        f"{measured['accuracy']:.1%} of {measured['images']:,} {words} images are named rightly (95 % interval "
        f"{low:.1%} to {high:.1%}); always naming the commonest class would give {measured['commonest']:.1%}. "
        f"Expected calibration error {trust['ece']:.1%} ({trust['bins']} bins), with a temperature of "
        f"{trust['temperature']:.3f}.\n\n| class | images | precision | recall | F1 |\n|---|--:|--:|--:|--:|\n{rows}"
    )


def _limits(report: dict[str, Any], measured: dict[str, Any]) -> str:
    pairs = (
        f"- takes {plain(one['label'])} for {plain(one['predicted'])}: {one['images']} of {one['of']}"
        for one in measured["confused"][:5]
    )
    always = (
        "- names one of its classes for every picture, also for one that shows none of them",
        "- was measured on pictures of the same source as those it was trained on; on others it will be less good",
    )
    notes = (f"- {plain(note)}" for note in report["notes"])
    return "\n".join((*pairs, *always, *notes))


def _use(report: dict[str, Any]) -> str:
    place = report["steps"][0].removeprefix("convscope survey ")
    return (
        f"```\nconvscope predict {place} picture.jpg\nconvscope explore {place}\n"
        f"convscope export {place} {report['name']}.onnx\n```"
    )
