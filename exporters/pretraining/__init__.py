"""Self-supervised pretraining: ``relcheck pretrain``.

`methods` is the family, one file per method: its loss, its settings, and the networks that it needs
around the backbone. `views` augments images, `monitors` tell during the training how good the
features are and whether they have collapsed. The engine is that of `exporters.training`.
"""
