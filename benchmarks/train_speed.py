"""Images trained on a second, decoding included: ours beside torchvision's recipe with a DataLoader, and fastai.

Run: ``python benchmarks/train_speed.py FOLDER [ROUNDS]``, FOLDER having class folders of photos; writes
train_speed.json beside itself. Same network, size, batch, precision and files; each measurement is a process of
its own, and the sides take turns, so that whatever else the machine does meets all of them. The rivals have no
validation and no report, so ours is timed without them: reading the files, then the epochs. What passes before the
first step is told apart, and so is what a first run needs more: one look at every file and the check of the data,
which the rivals have not and which later runs remember. fastai is a side where it is installed.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

# name: side of the images, images, epochs, batch, network
TASKS = {
    "photos, ResNet-18": (128, 320, 2, 32, "resnet18"),
    "clothes, typical CNN": (28, 5000, 3, 64, "32c5bn p2 64c3bn p2 96c3bn p2 fc128"),
    "clothes, Nielsen's CNN": (28, 5000, 3, 64, "20c5:valid p2 40c5:valid p2 fc100"),
}
SIDES = ("ours", "DataLoader as it comes", "DataLoader at its best") + ("fastai as it comes",) * bool(
    find_spec("fastai")
)


def clocks() -> tuple[float, float]:
    """Seconds by the clock, and of all processors for this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used)


def since(began: tuple[float, float], ready: tuple[float, float], images: int) -> str:
    """Both times for each image, and the seconds before the first step."""
    spent = [(now - then) / images for now, then in zip(clocks(), began, strict=True)]
    return " ".join(map(str, [*spent, ready[0] - began[0]]))


def ours(folder: str, side: int, epochs: int, batch: int, net: str) -> str:
    """Times of reading and training, as ``convscope train`` does it."""
    from convscope.plain.machine import keep_freed_memory, spin_briefly

    spin_briefly()
    keep_freed_memory()
    import torch._dynamo  # every optimizer loads it, as torchvision, which the rivals have loaded, does  # noqa: F401

    from convscope.images import open_images
    from convscope.train.course import start_course
    from convscope.train.loop import first_state
    from convscope.train.recipe import Recipe
    from convscope.train.step import train_step

    with tempfile.TemporaryDirectory() as out:
        began = clocks()
        recipe = Recipe(
            net=net, imgsz=side, batch=batch, epochs=epochs, out=out, val=0.01, precision="float32"
        )
        course = start_course(open_images(folder), folder, recipe)
        state = first_state(course)
        ready = clocks()
        for epoch in range(epochs):
            for shown in course.batches(epoch):
                train_step(course, state, shown)
        return since(began, ready, len(course.train) * epochs)


def rival(folder: str, side: int, epochs: int, batch: int, net: str, *, best: bool) -> str:
    """Times of the same with ImageFolder, transforms and DataLoader."""
    import torch
    from torch import nn
    from torchvision import transforms as T
    from torchvision.datasets import ImageFolder

    from convscope.nets.architecture import create, describe

    grey = side == 28
    crop = (
        [T.RandomAffine(0, (0.0625, 0.0625))]
        if grey
        else [T.RandomResizedCrop(side), T.RandomHorizontalFlip()]
    )
    channels = 1 if grey else 3
    moments = T.Normalize((0.5,) * channels, (0.25,) * channels)
    chain = T.Compose([*([T.Grayscale()] if grey else []), *crop, T.ToTensor(), moments])
    began = clocks()
    data = ImageFolder(folder, chain)
    more = {"num_workers": 2, "persistent_workers": True} if best else {}
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, **more)
    module = create(describe(net, classes=10, channels=channels, height=side, width=side)).train()
    if best:
        module = module.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    ready = clocks()
    for _ in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss(
                module(images.contiguous(memory_format=torch.channels_last) if best else images), labels
            ).backward()
            optimizer.step()
    del loader  # its workers count once they have ended
    return since(began, ready, len(data) * epochs)


def fastai(folder: str, side: int, epochs: int, batch: int, net: str) -> str:
    """Times of the same with fastai's data block, learner and defaults."""
    from fastai.vision import all as fa

    from convscope.nets.architecture import create, describe

    grey = side == 28
    picture = fa.PILImageBW if grey else fa.PILImage
    crop = [] if grey else [fa.RandomResizedCrop(side)]
    channels = 1 if grey else 3
    moments = fa.Normalize.from_stats([0.5] * channels, [0.25] * channels)
    shift = fa.aug_transforms(do_flip=not grey, max_rotate=0, max_zoom=1, max_lighting=0, max_warp=0)
    began = clocks()
    block = fa.DataBlock(
        (fa.ImageBlock(picture), fa.CategoryBlock), get_items=fa.get_image_files, get_y=fa.parent_label,
        splitter=fa.IndexSplitter([0]), item_tfms=crop, batch_tfms=[*shift, moments],
    )  # fmt: skip
    loaders = block.dataloaders(folder, bs=batch)
    module = create(describe(net, classes=10, channels=channels, height=side, width=side))
    learner = fa.Learner(loaders, module, loss_func=fa.CrossEntropyLossFlat())
    ready = clocks()
    with learner.no_bar(), learner.no_logging():
        learner.fit(epochs)
    return since(began, ready, len(loaders.train_ds) * epochs)


def draw_clothes(folder: Path, count: int) -> None:
    from PIL import Image

    from convscope.images import open_images

    images = open_images("fashion")
    for row in range(count):
        path = folder / images.classes[images.labels[row]].replace("/", " ") / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[row][:, :, 0]).save(path)


def copy_photos(source: Path, folder: Path, count: int) -> None:
    classes = sorted(path for path in source.iterdir() if path.is_dir())[:10]
    for one in classes:
        for photo in sorted(one.iterdir())[: -(-count // len(classes))]:
            place = folder / one.name / photo.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(photo.read_bytes())


def measured(side: str, folder: Path, task: str) -> list[float]:
    """What one side prints, in a process of its own."""
    words = [sys.executable, __file__, "--side", side, str(folder), task]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [float(word) for word in done.stdout.split()[-3:]]


def one_side(side: str, folder: str, task: str) -> None:
    pixels, _, epochs, batch, net = TASKS[task]
    if side in ("ours", "fastai as it comes"):
        print((ours if side == "ours" else fastai)(folder, pixels, epochs, batch, net))
    else:
        print(rival(folder, pixels, epochs, batch, net, best=side.endswith("best")))


def compare(task: str, folder: Path, rounds: int) -> dict[str, object]:
    times: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            clock, used, start = measured(side, folder, task)
            times[side].append([clock, used, start])
            print(task, side, [round(value, 1) for value in (1 / clock, 1 / used, start)], flush=True)
    pixels, images, epochs, batch, net = TASKS[task]
    about = {"pixels": pixels, "images": images, "epochs": epochs, "batch": batch, "net": net}
    for place, clock in enumerate(("by the clock", "a processor second")):
        about[f"images {clock}"] = {
            side: [round(1 / one[place], 1) for one in rows] for side, rows in times.items()
        }
        about[f"ours over the others, {clock}"] = {
            side: sorted(
                round(b[place] / a[place], 2) for a, b in zip(times["ours"], times[side], strict=True)
            )
            for side in SIDES[1:]
        }
    about["seconds before the first step"] = {
        side: [round(one[2], 2) for one in rows] for side, rows in times.items()
    }
    return about


def first_look(folder: Path) -> float:
    """Seconds of the look at every file and of the check, which are remembered."""
    from convscope.check.run import checked
    from convscope.images import open_images
    from convscope.images.memory import SETTLED

    time.sleep(SETTLED + 0.1)  # files that changed just now are not remembered
    began = time.perf_counter()
    checked(open_images(str(folder)))
    return round(time.perf_counter() - began, 2)


def main(photos: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["CONVSCOPE_CACHE"] = str(Path(place, "cache"))
        folders = {28: Path(place, "clothes"), 128: Path(place, "photos")}
        draw_clothes(folders[28], 5000)
        copy_photos(photos, folders[128], 320)
        looks = {side: first_look(folder) for side, folder in folders.items()}
        rows: dict[str, object] = {}
        for task, values in TASKS.items():
            first = {"seconds of a first look and check, once": looks[values[0]]}
            rows[task] = first | compare(task, folders[values[0]], rounds)
            told(rows, rounds)


def told(rows: dict[str, object], rounds: int) -> None:
    """Write what is measured so far, with the machine as it is now."""
    import torch

    result = {
        "tasks": rows, "not finished": [task for task in TASKS if task not in rows], "rounds": rounds,
        "python": platform.python_version(), "torch": torch.__version__, "cores": os.cpu_count(),
        "bfloat16": bool(torch.cpu.get_capabilities().get("avx512_bf16")),
        "load": [round(value, 1) for value in os.getloadavg()], "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "--side":
        one_side(*sys.argv[2:])
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
