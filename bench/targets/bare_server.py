"""The least MCP server that the SDK can make: what bench/startup.py holds ours against."""

from mcp.server.mcpserver import MCPServer

server: MCPServer[None] = MCPServer("bare", version="1")


@server.tool()
def hello(name: str) -> str:
    """Greet somebody."""
    return f"Hello, {name}"


server.run("stdio")
