"""What is asked of the model: studies as readable files, and the trials they want.

Loads without torch, Ray or MLflow.
"""
