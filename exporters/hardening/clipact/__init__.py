"""ClipAct: thresholds searched layer by layer, under faults (docs/method-clipact.md).

`search` goes through the sites; `interval_search` narrows one bound; `score` and `scoring_units`
find the score of a threshold from few runs, `image_batches` runs images together. `open_graph`
opens the hardened model, `bounded_graph` cuts it at layers and bounds, `layers` says which weights
belong to which site. `resumable` keeps finished sites in a state file (`state`).
"""
