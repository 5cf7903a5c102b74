"""Files below /proc: one module per file, reading apart from parsing. Nothing here touches a process."""
