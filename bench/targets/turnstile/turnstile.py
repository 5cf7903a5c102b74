"""Takes a job from standard input, a socket of packets, at every so many turns; ends when nobody gives any more."""

import os
import sys

_turns = 0


def turn(every=1):
    global _turns
    _turns += 1
    if _turns % every == 0 and not os.read(0, 64):
        sys.exit()
