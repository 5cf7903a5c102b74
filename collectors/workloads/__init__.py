"""Declared workloads: run them, measured, and leave nothing of them behind."""
