"""Inside memory allocators, read from the target's memory while it runs on: so everything may be torn, and every step
is bounded and checked."""
