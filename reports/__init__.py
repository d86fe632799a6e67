"""What a study's runs mean: statistics, tables, figures and one static page."""
