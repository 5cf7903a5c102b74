"""One line that uses all the CPU, until it is told to stop. With ``--child`` a second process does the same."""

import os
import subprocess
import sys
import threading

NUMBERS = list(range(200_000))


def burn():
    return sum(NUMBERS)  # @hot


def listen():
    sys.stdin.readline()
    os._exit(0)


def main():
    if "--child" in sys.argv:
        again = [sys.executable, os.path.abspath(__file__)]
        child = subprocess.Popen(again, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdout.readline()
    threading.Thread(target=listen, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        burn()


if __name__ == "__main__":
    main()
