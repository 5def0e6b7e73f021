"""Experiments on a model: one file each, all from the literature, all with an error bar or a control."""
