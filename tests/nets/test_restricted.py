"""The one unpickler: numpy arrays come through, anything else is refused before it is called."""

import builtins
import os
import pickle
import subprocess

import numpy as np
import pytest

from convscope.errors import BadModel
from convscope.nets.restricted import ADMITTED, read_arrays


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        np.zeros((0, 3)),
        np.array(2.5, np.float16),
    ],
    ids=["cube", "columns", "empty", "scalar"],
)
def test_arrays_come_through(array, protocol):
    data = pickle.dumps({"conv1": [array, (array, 1.5, "text", None)]}, protocol)
    read = read_arrays(data, "w.pkl")["conv1"]
    np.testing.assert_array_equal(read[0], array)
    np.testing.assert_array_equal(read[1][0], array)
    assert read[0].shape == array.shape
    assert read[1][1:] == (1.5, "text", None)


class Calling:
    """Pickled as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


SENTINEL = "sentinel-of-a-pickle-that-ran"
CALLS = {
    "system": (os.system, f"touch {SENTINEL}"),
    "popen": (subprocess.Popen, ["touch", SENTINEL]),
    "eval": (builtins.eval, f"open('{SENTINEL}', 'w')"),
    "exec": (builtins.exec, f"open('{SENTINEL}', 'w')"),
    "getattr": (builtins.getattr, os, "system"),
    "import": (builtins.__import__, "antigravity"),
    "load": (pickle.loads, b"cos\nsystem\n(S'true'\ntR."),
    "numpy": (np.fromfile, "/etc/passwd"),
    "object": (np.ndarray, (2,)),
}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("name", CALLS)
def test_calls_are_refused_wherever_they_hide(name, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for held in (Calling(*CALLS[name]), {"a": [np.zeros(2), {"b": (Calling(*CALLS[name]),)}]}):
        with pytest.raises(BadModel, match=r"w.pkl is refused: it .*and only numpy arrays are admitted"):
            read_arrays(_pickled(held, protocol), "w.pkl")
    assert not (tmp_path / SENTINEL).exists()


def _pickled(held, protocol):
    try:
        return pickle.dumps(held, protocol)
    except TypeError:  # a module is no argument that can be pickled; a name is
        return pickle.dumps(Calling(builtins.getattr, "os", "system"), protocol)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (np.array([os.system, 1], object), "of type 'O8'"),
        (np.array(["a"]), "of type 'U1'"),
        (np.zeros(2, [("a", "f4")]), "of type 'V4'"),
        (np.array(["2000-01-01"], "M8[D]"), "of type 'M8'"),
        (np.zeros(2, complex), "of type 'c16'"),
        (np.float32(1), r"calls numpy\.\S*scalar"),
        ({1, 2}, r"calls builtins.set|calls __builtin__.set|holds a set"),
        (np.dtype("f4"), "holds a kind"),
    ],
)
def test_other_things_of_numpy_and_python_are_refused(held, message):
    with pytest.raises(
        BadModel, match=f"w.pkl is refused: it {message}|w.pkl is refused: it holds an array {message}"
    ):
        read_arrays(pickle.dumps(held, 3), "w.pkl")


HAND_WRITTEN = {
    "instance": b"(S'true'\nios\nsystem\n.",
    "object": b"(cos\nsystem\nS'true'\no.",
    "persistent": b"Pid\n.",
    "extension": b"\x82\x01.",
    "build on a type": b"cnumpy\nndarray\n}S'__init__'\nNsb.",
    "new": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "dotted": b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.mro\x93.",
    "empty": b"",
    "half": b"\x80\x03}q\x00(X\x05",
    "huge": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
}


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_hand_written_streams_are_refused(name):
    with pytest.raises(BadModel, match=r"w.pkl is (refused|no intact pickle)"):
        read_arrays(HAND_WRITTEN[name], "w.pkl")


def test_a_shape_that_its_bytes_do_not_fill_is_refused():
    data = pickle.dumps(np.zeros((2, 3), np.float32), 3).replace(
        b"K\x02K\x03\x86", b"J\xff\xff\xff\x7fK\x03\x86"
    )
    with pytest.raises(BadModel, match=r"shape \(2147483647, 3\) with 6 numbers"):
        read_arrays(data, "w.pkl")


def test_the_list_of_names_is_closed():
    assert {module for module, _ in ADMITTED} == {"numpy", "numpy.core.multiarray", "numpy._core.multiarray"}
    assert not any(value.__module__.startswith("numpy") for value in ADMITTED.values())
