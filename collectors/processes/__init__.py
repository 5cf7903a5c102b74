"""What proc-find and proc-watch are made of: the sweep over /proc, the match, the meter and its readings."""
