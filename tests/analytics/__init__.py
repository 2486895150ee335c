"""The experiment analytics on a real server."""
