"""How it is measured: one file per question, one folder per engine or program behind it."""
