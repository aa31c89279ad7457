"""Live weights in the memory of a device such as a GPU, which sessions read as bound inputs.

Used where `Device.weights` is `WeightLocation.BOUND`. It imports `partial`, `weights`, `layout`,
`stretches` and `ort`.
"""
