"""The privileged process: a closed list of requests over a Unix socket. Standard library and the BPF loader only."""
