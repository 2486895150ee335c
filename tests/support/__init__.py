"""What tests of several folders share, and no server is needed for."""
