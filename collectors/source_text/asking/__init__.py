"""Which line asks another part of the program, a peer, a database or a pool, and whether it does so in a loop."""
