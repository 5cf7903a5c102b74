"""One folder per engine or program: command.py is how we ask, parse.py is how we read."""
