"""Files of weights: what is read, what is refused, and that nothing in them ever runs."""

import os
import sys
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from convscope.errors import BadModel
from convscope.nets.weights import read_weights

STATE = nn.Conv2d(3, 2, 3).state_dict()


class Hostile:
    """Pickled as a call of ``os.system``."""

    def __init__(self, sentinel):
        self.command = f"touch {sentinel}"

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    ("held", "notes"),
    [
        (STATE, []),
        ({"state_dict": STATE, "epoch": 3, "optimizer": {"lr": 0.1}}, ["found under 'state_dict'"]),
        ({"model": {f"module.{k}": v for k, v in STATE.items()}}, ["found under 'model'", "DataParallel"]),
        ({f"_orig_mod.{k}": v for k, v in STATE.items()}, ["torch.compile"]),
    ],
)
def test_torch_files_give_their_tensors_and_say_where_they_were(tmp_path, held, notes, new):
    torch.save(held, tmp_path / "w.pth", _use_new_zipfile_serialization=new)
    read = read_weights(tmp_path / "w.pth")
    assert {k: v.tolist() for k, v in read.tensors.items()} == {k: v.tolist() for k, v in STATE.items()}
    assert len(read.notes) == len(notes)
    assert all(word in note for word, note in zip(notes, read.notes, strict=True))


def test_the_content_decides_not_the_name(tmp_path):
    torch.save(STATE, tmp_path / "a.safetensors")
    save_file(STATE, tmp_path / "b.pt")
    for name in ("a.safetensors", "b.pt"):
        assert torch.equal(read_weights(tmp_path / name).tensors["weight"], STATE["weight"])


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("wrap", [lambda h: h, lambda h: {"state_dict": STATE, "hook": h}, lambda h: [[h]]])
def test_code_in_a_torch_file_is_refused_by_name_and_never_runs(tmp_path, monkeypatch, wrap, new):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # turns the default off, not what is said
    torch.save(wrap(Hostile(tmp_path / "ran")), tmp_path / "w.pt", _use_new_zipfile_serialization=new)
    with pytest.raises(
        BadModel, match=r"w.pt holds more than weights \(\w+\.system\).*Convert it once where"
    ):
        read_weights(tmp_path / "w.pt")
    assert not (tmp_path / "ran").exists()


def test_a_pickled_network_is_refused_with_the_conversion(tmp_path):
    torch.save(nn.Conv2d(3, 2, 3), tmp_path / "net.pt")
    with pytest.raises(
        BadModel, match=r"holds more than weights \(torch.nn.modules.conv.Conv2d\).*save_file"
    ):
        read_weights(tmp_path / "net.pt")


def test_another_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pt2", "w") as archive:
        archive.writestr("net/models/model.json", "{}")
    with pytest.raises(BadModel, match=r"net.pt2 is no intact torch file.*Convert"):
        read_weights(tmp_path / "net.pt2")


def test_more_numbers_than_the_file_holds_are_refused(tmp_path):
    torch.save({"w": torch.zeros(1).expand(10**12)}, tmp_path / "w.pt")
    with pytest.raises(BadModel, match="w claims more numbers than the file holds"):
        read_weights(tmp_path / "w.pt")


def test_compressed_parts_are_refused(tmp_path):
    torch.save({"w": torch.zeros(10**6)}, tmp_path / "w.pt")
    with zipfile.ZipFile(tmp_path / "w.pt") as source, zipfile.ZipFile(tmp_path / "z.pt", "w", 8) as packed:
        for name in source.namelist():
            packed.writestr(name, source.read(name))
    with pytest.raises(BadModel, match=r"z.pt has compressed parts, which torch does not write"):
        read_weights(tmp_path / "z.pt")


def test_a_header_beyond_reason_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "w.safetensors").write_bytes((50_000_000).to_bytes(8, "little") + b"{" + b" " * 100)
    with pytest.raises(BadModel, match="header claims more than 8,000,000 bytes"):
        read_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ([1, 2], r"holds a list, not tensors by name"),
        ({"w": 3}, r"holds 'w', which is no tensor; weights are looked for at the top or under 'state_dict'"),
        ({}, r"holds a dict, not tensors by name"),
        ({"w": torch.eye(3).to_sparse()}, r"holds w as a sparse or quantised tensor"),
    ],
)
def test_what_is_no_set_of_weights_is_refused(tmp_path, held, message):
    torch.save(held, tmp_path / "w.pt")
    with pytest.raises(BadModel, match=message):
        read_weights(tmp_path / "w.pt")


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_damaged_files_raise_our_error_alone(tmp_path, name):
    (torch.save if name == "w.pt" else save_file)(STATE, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for cut in range(0, len(whole) - 1, max(1, len(whole) // 40)):
        (tmp_path / name).write_bytes(whole[:cut])
        with pytest.raises(BadModel):
            read_weights(tmp_path / name)


def test_reading_opens_nothing_but_the_file(tmp_path):
    torch.save({"hook": Hostile(tmp_path / "ran")}, tmp_path / "w.pt")
    seen = []
    sys.addaudithook(lambda event, _: seen.append(event) if watching else None)
    watching = True
    with pytest.raises(BadModel):
        read_weights(tmp_path / "w.pt")
    watching = False
    assert not {"os.system", "subprocess.Popen", "os.exec", "socket.connect", "exec"} & set(seen)


def test_a_prefix_is_taken_off_the_names_in_a_safetensors_file_too(tmp_path):
    save_file({f"module.{name}": tensor for name, tensor in STATE.items()}, tmp_path / "w.safetensors")
    read = read_weights(tmp_path / "w.safetensors")
    assert set(read.tensors) == set(STATE)
    assert "DataParallel" in read.notes[0]


def test_a_torchscript_program_is_called_so_compressed_or_not(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pt", "w", 8) as parts:  # as torch.jit.save lays it out
        parts.writestr("net/data.pkl", b"x" * 999)
        parts.writestr("net/constants.pkl", b"x" * 999)
    with pytest.raises(BadModel, match=r"net.pt is a TorchScript program, not weights alone\. Convert"):
        read_weights(tmp_path / "net.pt")


@pytest.mark.parametrize("data", [b"", b"hello\n"])
def test_a_file_that_is_nothing_of_torch_is_called_so_without_a_stray_number(tmp_path, data):
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(BadModel, match=r"w.pth is no intact torch file\. Convert"):
        read_weights(tmp_path / "w.pth")
