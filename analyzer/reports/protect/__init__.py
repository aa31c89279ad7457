"""The report on the cheapest protection of a memory that meets a budget."""
