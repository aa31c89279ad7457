"""The activations of a graph: found in any form that exporters write, those in several nodes too.

`survey` lists the sites that a bound can be put on, and the reason for every other activation.
`gated` finds products such as SiLU and GELU; `node_context` reads the nodes around an activation.
"""
