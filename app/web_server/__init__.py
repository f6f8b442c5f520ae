"""app/web_server."""
