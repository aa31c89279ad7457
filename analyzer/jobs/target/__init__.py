"""Reports on deployment targets.

- `prepare`: regions, their memory, their exposure, and a campaign that is ready to run.
- `measure`: outcomes given one event in each region, or a sweep where windows hold several.
- `conditions`: the budget and the gates, judged; and how many more trials would decide.
- `analyze`: all of it, to a report.
"""

from analyzer.jobs.target.analyze import TargetReport, analyze_target
from analyzer.jobs.target.measure import Measured, measure_target

__all__ = ["Measured", "TargetReport", "analyze_target", "measure_target"]
