"""Networks that give every pixel a class: Swin-UNets, their published weights, their training.

`windows` is attention within windows, `encoder` and `decoder` are the halves of a network, `unet`
puts them together, `networks` is the one list of those that commands know. `published` reads
checkpoints of SSLTransformerRS; `objective` trains any network that gives scores per pixel.
"""
