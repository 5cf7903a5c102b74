"""What it means: pure functions of the schemas; no machine is asked."""
