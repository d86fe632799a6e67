"""What makes studies happen: plans, workers, records, MLflow, and the command line."""
