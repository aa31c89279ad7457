"""The study: do the findings of Milazzo et al. 2025 hold? Networks, commands, figures.

``python -m paper`` rebuilds every table and figure of ``docs/paper.md``.
"""
