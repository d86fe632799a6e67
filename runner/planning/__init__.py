"""What a launch would do and take, worked out before it does it."""
