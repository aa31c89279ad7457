"""Before after."""
