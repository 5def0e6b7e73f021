"""What a live model answers to the explorer: a table from kinds of wishes to what makes the answer."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from convscope.ask.run import is_run, run_images
from convscope.atlas.picture import find_picture
from convscope.atlas.read import Atlas
from convscope.errors import BadSpec, Unanswerable
from convscope.plain.unit import Unit
from convscope.plain.wish import Answering, Cancelled, Tell, Wish


def live(
    place: Any, *, data: str | None = None, open_with: Callable[[], Any] | None = None
) -> Mapping[str, Answering]:
    """Kinds of answers of the model at ``place``, to be given to ``cs.explore(atlas, live=...)``.

    ``place`` is anything that ``open_model`` takes; it is opened, and torch imported, when the first answer is
    asked. ``data`` are the images of the atlas where ``place`` is no run; ``open_with`` opens it otherwise.

    >>> cs.explore("runs/demo", live=cs.live("runs/demo"))  # doctest: +SKIP
    """
    opened, images = cache(open_with or (lambda: _open(place))), source_of(place, data)
    kinds: dict[str, Callable[[Any, Wish, Tell], dict[str, Any]]] = {
        "stack": _stack, "deconvnet": _deconvnet, "occlusion": _occlusion, "gradcam": _gradcam,
        "why": lambda scene, wish, tell: _why(scene, images(), wish, tell),
    }  # fmt: skip

    def answering(make: Callable[[Any, Wish, Tell], dict[str, Any]]) -> Answering:
        def answer(atlas: Atlas, wish: Wish, tell: Tell, cancelled: Callable[[], bool]) -> dict[str, Any]:
            tell(0, 0, "opening the model")
            with stopping(cancelled):
                return make(_scene(atlas, opened(), wish, images), wish, tell)

        return answer

    return {kind: answering(make) for kind, make in kinds.items()}


def source_of(place: Any, data: str | None) -> Callable[[], Any]:
    """Gives the images of an atlas when they are needed: ``data``, or those of a run; None where neither is known."""

    @cache
    def images() -> Any:
        from convscope.images import open_images

        if isinstance(place, str | Path) and is_run(place):
            return run_images(Path(place), data)
        return None if data is None else open_images(data)

    return images


@contextmanager
def stopping(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Inside, the next operation of torch raises Cancelled once ``cancelled`` holds; nothing is left half-changed."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Stopping(TorchFunctionMode):
        raised = False

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            # once, and never the switch of a leaving no_grad: what is open is closed on the way out
            if not self.raised and func is not torch._C._set_grad_enabled and cancelled():
                self.raised = True
                raise Cancelled
            return func(*args, **(kwargs or {}))

    mode = Stopping()
    try:
        with mode:
            yield
    except Exception as error:
        if mode.raised:  # whatever a reader of the network made of it on the way
            raise Cancelled from error
        raise


def _open(place: Any) -> Any:
    from convscope.nets.open import open_model

    return open_model(place)


def _scene(atlas: Atlas, model: Any, wish: Wish, images: Callable[[], Any]) -> Any:
    from convscope.ask.stack import Scene, with_photo

    picture = find_picture(atlas, wish.image)
    return Scene(atlas, model, picture if picture.photo.is_file() else with_photo(atlas, picture, images()))


def _stack(scene: Any, wish: Wish, tell: Tell) -> dict[str, Any]:
    from convscope.ask.stack import stack

    stack(scene, tell)
    return {"page": f"image/{wish.image}/"}


def _deconvnet(scene: Any, wish: Wish, tell: Tell) -> dict[str, Any]:
    from convscope.lenses.deconvnet import Deconvnet

    return _look(scene, wish, Deconvnet(), tell)


def _gradcam(scene: Any, wish: Wish, tell: Tell) -> dict[str, Any]:
    from convscope.lenses.gradcam import GradCAM

    return _look(scene, wish, GradCAM(), tell)


def _occlusion(scene: Any, wish: Wish, tell: Tell) -> dict[str, Any]:
    from convscope.ask.stack import occlusion
    from convscope.lenses.occlusion import Occlusion

    is_class = Unit.parse(wish.unit).layer == scene.model.output
    return _look(scene, wish, occlusion(scene.model) if is_class else Occlusion(), tell)


def _why(scene: Any, images: Any, wish: Wish, tell: Tell) -> dict[str, Any]:
    from convscope.ask.why import why

    if scene.picture.row is None:
        raise Unanswerable("only pictures of the atlas can be asked why: it compares them with the others")
    why(
        scene.model, scene.picture.row, atlas=scene.atlas, images=images, against=wish.against or None,
        on_progress=lambda progress: tell(progress.done, progress.total, progress.stage),
    )  # fmt: skip
    return {"page": f"image/{wish.image}/why/"}


def _look(scene: Any, wish: Wish, lens: Any, tell: Tell) -> dict[str, Any]:
    """One more map in the stack of a picture, which is made first where it is not there."""
    from convscope.ask.stack import stack
    from convscope.atlas.stack import add_answer

    if not wish.unit:
        raise BadSpec(f"{lens.name} looks at a unit: send one, for example conv4:17")
    known = stack(scene, tell)
    tell(0, 0, lens.name)
    found = scene.see(Unit.parse(wish.unit), lens)
    add_answer(scene.picture, known, found)
    return {"page": f"image/{wish.image}/", "key": found.key}
