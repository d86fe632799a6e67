"""Training: an iterator of metrics over epochs, with nothing watching it."""
