"""Pictures of the findings, as SVG."""
