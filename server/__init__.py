"""What is offered: MCP tools, resources, the shell command and the transports."""
