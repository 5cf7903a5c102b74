"""What the text of a target's own files says: each is parsed once (``sources.py``), and the rooms below ask it."""
