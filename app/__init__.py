"""What people run: the command line, the pages and the server."""
