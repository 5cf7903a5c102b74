"""How an address gets its function, file and line, and what else a runtime knows of itself: a file per question."""
