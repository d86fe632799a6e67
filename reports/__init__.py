"""What a study's runs mean: statistics, tables, figures and one static page.

In a notebook, begin with ``from reports.notebook import load, estimate, table``.
"""
