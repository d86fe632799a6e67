"""What is said of a study's wrong answers: counts, hidden objects, contradictions."""
