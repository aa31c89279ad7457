"""The findings: figures of the paper beside ours, and a verdict that follows from ours."""
