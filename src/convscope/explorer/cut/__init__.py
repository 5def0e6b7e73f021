"""An atlas cut down to what is published: which part is kept, and files that hold nothing else."""
