"""Why nothing starts: the machine, the store, MLflow and Ray, each looked at alone."""
