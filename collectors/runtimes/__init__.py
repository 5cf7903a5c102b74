"""How an address gets its function, file and line: one file per language runtime."""
