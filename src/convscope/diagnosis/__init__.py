"""What may be amiss with a network, read off its atlas."""
