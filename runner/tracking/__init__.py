"""MLflow, a mirror of the store: what is written to it, and its pages."""
