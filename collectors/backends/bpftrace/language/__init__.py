"""The bpftrace language, as far as it is accepted of a caller: read whole, checked, and written anew."""
