"""The kernel's own tables of sockets: sock_diag(7) over netlink, polled. It only reads."""
