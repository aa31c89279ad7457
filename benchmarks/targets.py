"""Every target, and which benchmark measures it."""

from benchmarks.rows import Target

PEERS = {"pytorchfi": "PyTorchFI 0.6.0", "mrfi": "MRFI 2.1.0"}

TARGETS: dict[str, tuple[Target, ...]] = {
    "everywhere": (
        Target("fp32-resnet50", "faults in every layer over fault-free, ResNet-50", 0.97),
        Target("fp32-mobilenet_v2", "the same, MobileNetV2", 0.97),
        Target("fp32-resnet20", "the same, ResNet-20", 0.97),
    ),
    "int8": (
        Target("int8-resnet50", "the same, ResNet-50 int8 QDQ", 0.90),
        Target("int8-mobilenet_v2", "the same, MobileNetV2 int8 QDQ", 0.90),
        Target("int8-resnet20", "the same, ResNet-20 int8 QDQ", 0.90),
    ),
    "single": (
        Target("single-resnet50", "one uniform fault per trial over fault-free, ResNet-50", 4.0),
        Target("single-mobilenet_v2", "the same, MobileNetV2", 6.0),
    ),
    "clipped": (
        Target("clipped-mobilenet_v2", "trials at 1e-7, clipped over unclipped, MobileNetV2", 0.85),
    ),
    "peers": tuple(
        Target(
            f"{mode}-{model}-{peer}",
            f"images per second over {title}, {text}, {name}",
            bound,
        )
        for mode, text, bounds in (
            ("every", "faults everywhere", (1.8, 4.0)),
            ("one", "single faults", (5.0, 25.0)),
        )
        for (model, name), bound in zip(
            (("resnet20", "ResNet-20"), ("mobilenet_v2", "MobileNetV2")), bounds, strict=True
        )
        for peer, title in PEERS.items()
    ),
    "sweep": (
        Target("sweep-plain", "CPU seconds of a sweep to 1 point: plain Monte Carlo over ours", 30),
        Target("sweep-paper", "the same: 128-image batches, whole set repeated, over ours", 100),
    ),
    "map": (
        Target("map", "injections for a map per layer: layer-wise Leveugle sampling over ours", 25),
    ),
    "event": (
        Target(
            "event-resnet20",
            "CPU seconds to know P(SDC | one flip) to 0.1 point, 95 %: one by one over ours, "
            "ResNet-20",
            5.0,
        ),
        Target("event-resnet50", "the same, ResNet-50", 5.0),
    ),
    "start": (
        Target(
            "start-resnet50",
            "ResNet-50: from command to first finished trials",
            4.0,
            at_most=True,
            unit="s",
        ),
    ),
    "memory": (
        Target(
            "memory-resnet50",
            "ResNet-50: peak memory of a sweep over three times the file plus the cache",
            1.0,
            at_most=True,
        ),
    ),
    "gpu": (
        Target("gpu-fp32-resnet50-small", "on a GPU, small batch: faults in every layer", 0.95),
        Target("gpu-fp32-resnet50-large", "the same, large batch", 0.95),
        Target("gpu-single-resnet50-small", "on a GPU, small batch: one fault per trial", 4.0),
        Target("gpu-single-resnet50-large", "the same, large batch", 4.0),
        Target("gpu-sweep-resnet50", "a sweep of 1,000 images: a core's seconds over a GPU's", 1.0),
    ),
    "scaling": (Target("two-workers", "blocks per second, two workers over one", 1.8),),
}
"""Benchmark -> its targets, in the order of the table."""

ALL = tuple(target for group in TARGETS.values() for target in group)
