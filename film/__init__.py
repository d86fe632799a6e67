"""FiLM: the model, its data and its training.

Importing this package imports nothing, so that settings load without torch.
"""
