"""Scripts that train the demonstration networks and export them to ONNX, float and int8.

Run as ``python -m exporters.training.digits`` and ``python -m exporters.training.cifar``. Networks
are in `cifar_nets` and `digits`, made of `blocks`; `sgd` trains. Nothing else imports them.
"""
