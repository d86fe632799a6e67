"""What a network gets wrong: counts, hidden objects, answers that contradict.

References:
    Perez et al., *FiLM*, AAAI 2018, Section 4.2 and appendix (error analysis).
    https://arxiv.org/abs/1709.07871
"""
