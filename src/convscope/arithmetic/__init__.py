"""Convolution arithmetic as courses teach it: sizes, padding, windows and receptive fields, one axis at a time; nothing here imports torch."""
