"""The in-kernel engine: BPF programs that see every event of the target, and the tables they leave."""
