"""What is asked of a scene: families, programs, and their words."""
