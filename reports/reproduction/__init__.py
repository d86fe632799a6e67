"""Does a study bear out what was published: rows, order, claims, and what differs."""
