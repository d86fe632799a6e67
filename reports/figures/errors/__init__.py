"""What is answered wrong, drawn: counts, hidden objects, contradictions."""
