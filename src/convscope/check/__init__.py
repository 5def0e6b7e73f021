"""What is wrong with a set of images, before anyone trains on it."""
