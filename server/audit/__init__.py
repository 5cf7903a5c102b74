"""What every caller did: one line each, in a chain that shows when one was changed, taken out or put in."""
