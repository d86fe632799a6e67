"""Zero-shot answers by arithmetic on γ and β: phrases, what is swapped, accuracy."""
