"""A survey that leaves projections for later, channels added to it, and the control beside it."""

import json

import numpy as np

import convscope as cs

from .conftest import convscope, refused


def test_a_lazy_survey_a_channel_and_then_the_rest(own_run):
    lazy = own_run / "lazy"
    words = ("survey", own_run, "--into", lazy, "--photos", "0", "--split", "all")
    assert convscope(*words, "--project", "lazy").err == "counting: 48 images\npatches: 4 layers\n"
    answer = convscope("survey", own_run, "--into", lazy, "--channels", "conv2:3")
    assert (answer.code, answer.err) == (0, "projections: 1 channels\n")
    assert np.argwhere(cs.open_atlas(lazy).projected("conv2").all(axis=1)).tolist() == [[3]]
    assert convscope(*words).err == "patches: 4 layers\nfirst projections: 4 layers\nprojections: 4 layers\n"
    assert all(cs.open_atlas(lazy).projected(name).all() for name in ("relu1", "relu2"))


def test_channels_that_do_not_exist_change_nothing(run):
    before = (run / "atlas" / "atlas.json").read_bytes()
    assert "there are no channels conv2:8: relu2 has 0 to 7" in refused(
        "survey", run, "--channels", "conv2:8"
    )
    assert "unknown layer 'conv9'" in refused("survey", run, "--channels", "conv9:1")
    assert (run / "atlas" / "atlas.json").read_bytes() == before


def test_the_control_lies_beside_the_atlas_and_says_what_it_is(own_run):
    answer = convscope(
        "survey", own_run, "--control", "random", "--project", "lazy", "--photos", "0", "--json"
    )
    assert json.loads(answer.out)["atlas"] == str(own_run / "atlas-control")
    control, atlas = cs.open_atlas(own_run / "atlas-control"), cs.open_atlas(own_run)
    assert control.control
    assert not atlas.control
    assert list(control.layers) == list(atlas.layers)
    assert control.manifest["model"]["id"] != atlas.manifest["model"]["id"]
    assert "it has learnt nothing" in control.manifest["model"]["notes"][-1]
