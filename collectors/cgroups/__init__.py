"""Control groups: where those of a process are, what they allow it, and what they did to it in a window."""
