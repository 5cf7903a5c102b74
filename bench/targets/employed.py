"""Runs a program with a customer of its own at its standard input (bench/stopwatch.py), so that it can be declared as a
workload: employed.py FOLDER-OF-STOPWATCH COMMAND…
"""

import os
import sys

sys.path.insert(0, sys.argv[1])
from stopwatch import Customer

customer = Customer()
program = os.getpid()
if os.fork() == 0:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    customer.theirs.close()  # (so that it hears when the program has ended)
    customer.serve(program)
    customer.join()
    os._exit(0)
os.dup2(customer.theirs.fileno(), 0)
os.execvp(sys.argv[2], sys.argv[2:])
