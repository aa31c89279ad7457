"""`relcheck protect`, step by step.

- `regions`: the memories, their events, and what a harmful bit of each counts.
- `draft`: maps of one event in each, and the cheapest plan by their figures.
- `confirm`: a campaign of single events on the protected memory, with a fresh seed.
- `bounded`, `survey_variants`, `variants`: the model as it is and with bounded activations, and the
  cheapest of their plans.
- `rounds`: drafts and confirmations in turn until a plan passes.
"""
