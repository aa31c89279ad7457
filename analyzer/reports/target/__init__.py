"""The report on a deployment target: from raw rates to a verdict, as data and as text."""
