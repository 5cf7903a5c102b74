"""What proc-memory is made of: the kind of each mapping, where threads have their stacks, and what has changed."""
