"""The family of decision rules: one file per member."""
