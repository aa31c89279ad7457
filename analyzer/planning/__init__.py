"""The cheapest protection of a memory that meets a budget, from what one event does in its parts.

- `cells`: what is known of events, part by part; `harm`: a number with its variance.
- `effects`: what is left of events behind a scheme, by running its decoder.
- `menu`: for each tensor, the protections that may be chosen, each with its storage and harm.
- `cheapest`: one of each menu, at the least storage, within the budget, by an integer `programme`
  over `offers`.
- `rules`: the choice as a protection, as ``--protect`` writes it.
"""
