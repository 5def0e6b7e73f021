"""The command line: one file a command, each parses, calls one verb and prints."""

import sys
from inspect import signature
from shlex import quote

from cyclopts import App, CycloptsError, UnusedCliTokensError

from convscope.version import __version__

COMMANDS = {
    "demo": "Train on bundled pictures, survey the network, open the explorer.",
    "convolve": "Slide one kernel over one picture: weights, every product, the feature map.",
    "train": "Train a classifier on a folder of class folders.",
    "check": "Find damaged files, copies, wrong labels and leaks, before you train.",
    "survey": "Find what excites every channel, and project it back to pixels.",
    "lessons": "Measure what the explorer's lessons show of a network: shifts, fields, a covered picture.",
    "evolve": "How channels grew: their strongest patch at every epoch a run has kept.",
    "explore": "Open an atlas in the browser; surveys first where there is none yet.",
    "publish": "Write the same pages as files.",
    "look": "One picture, one unit, one lens, one PNG.",
    "sheet": "The picture of the paper: 3x3 projections beside 3x3 patches for many channels.",
    "maps": "What every layer outputs for one picture, before and after ReLU and pooling.",
    "stack": "One picture through every layer of an atlas, for the explorer: a row, an id or your own file.",
    "shift": "How much every layer changes when the picture moves: what pooling buys, measured.",
    "invariance": "How far features go when pictures are moved, enlarged and turned: the curves of the paper.",
    "why": "Why this and not that: where, which channels, and is it a shortcut?",
    "diagnose": "What may be amiss in a network: dead, double, aliasing, shortcut channels of an atlas.",
    "figure": "The figure of every textbook from real data: photo, stacks of maps, class probabilities.",
    "predict": "Class names and probabilities of pictures.",
    "evaluate": "How often a model is right, class by class.",
    "export": "One file for other programs, ONNX or torch.export, with its preprocessing inside.",
    "models": "Networks that have a name: size, cost, receptive field, weights at hand.",
    "summary": "Layers, shapes, receptive fields, parameters, multiply-adds.",
}

app = App(
    name="convscope",
    help="A microscope for convolutional networks: see what every channel has learnt to see.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
for _name, _help in COMMANDS.items():  # imported when called, so that --help stays quick
    app.command(f"convscope.cli.{_name}:{_name}", name=_name, help=_help)


def _misused(error: CycloptsError, command: str) -> str:
    """What is wrong with the words of a command."""
    if not isinstance(error, UnusedCliTokensError) or not error.unused_tokens:
        return " ".join(str(error).split())
    extra = error.unused_tokens[0]
    takes_data = error.target is not None and "data" in signature(error.target).parameters
    return f"`{command}` has no place for {extra!r}." + (
        f" Images are named with --data {quote(extra)}." if takes_data and not extra.startswith("-") else ""
    )


def main() -> None:
    """Run a command; an error meant for people is one line on standard error, exit code 1, of usage 2."""
    from convscope.cli.shell import in_shell
    from convscope.errors import ConvscopeError
    from convscope.plain.machine import spin_briefly

    spin_briefly()
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        command = f"convscope {sys.argv[1]}" if sys.argv[1:2] and sys.argv[1] in COMMANDS else "convscope"
        print(f"convscope: {_misused(error, command)} See `{command} --help`.", file=sys.stderr)
        sys.exit(2)
    except ConvscopeError as error:
        print(f"convscope: {in_shell(error)}", file=sys.stderr)
        sys.exit(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        print("convscope: stopped. What is finished is kept; give the same command again.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # `convscope summary resnet18 | head`
        sys.stderr.close()
        sys.exit(0)
