"""What is recorded, read for people: how far, what was said, what differs."""
