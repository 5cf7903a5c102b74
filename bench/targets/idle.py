"""Waits, and does nothing."""

import os
import sys

print("ready", os.getpid(), flush=True)
sys.stdin.read()
