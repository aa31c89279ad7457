"""Log-odds of accuracy over methods and data sets: the record, and what renders it."""
