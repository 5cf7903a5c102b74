"""What tools-check looks at: the kernel's features and the distribution's packages."""
