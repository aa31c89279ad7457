"""Reports: finished work as plain data, and as text, HTML, JSON or CSV.

The only room that rounds or says "%". Each kind of report has a folder: `record` is the data and
its schema, `build` makes it from results, the other modules render it. `shared` has what several
kinds have in common.
"""
