"""Checkpoints that the authors' own code wrote: their words, names and files."""
