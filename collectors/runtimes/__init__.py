"""How an address gets its function, file and line, and what else a runtime knows of itself; what source files say: source_text."""
