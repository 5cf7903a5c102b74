"""Which lines keep what makes memory grow, by the text: ``keepers.py``."""
