"""Plan -> trials -> tallies -> result."""
