"""What threads stand in: their states over a window, their stacks at a moment, and who waits for whom."""
