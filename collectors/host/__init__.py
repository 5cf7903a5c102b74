"""The only door to the machine: programs, files and memory are reached through a Host."""
