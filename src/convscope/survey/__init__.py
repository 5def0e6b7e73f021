"""One streaming pass over the images, and the pictures of what won."""
