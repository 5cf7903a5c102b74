"""What in the text says that an algorithm takes more time than it must: all together in ``algorithms.py``."""
