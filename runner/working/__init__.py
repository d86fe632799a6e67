"""What happens in a worker's process: one trial after the other, each as if alone."""
