"""The embedded world: scenes, questions and pictures in CLEVR's own file formats."""
