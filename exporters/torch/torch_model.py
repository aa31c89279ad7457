"""From a torch network to an ONNX model, and the check that both answer alike."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadNetwork, ExportFailed, short
from analyzer.model import limits
from exporters.bare_model import strip
from exporters.quiet import quiet
from exporters.torch.naming import rename
from exporters.torch.optional_package import need
from exporters.torch.simplify import tidy

if TYPE_CHECKING:
    import onnx
    from torch import nn

OPSET, IR_VERSION = 20, 10
INPUT, OUTPUT = "image", "logits"
TRACED_BATCH = 2  # torch takes a size of 1 for a constant
PARITY_BATCHES = (1, 3)
"""Batch sizes of the random inputs that both forms answer."""

TOLERANCE = 1e-3
"""Largest difference, as a share of the largest output. Other orders of summation in deep float32
networks make far less, a wrong operator makes far more."""

Shape = tuple[int, int, int]
"""C, H, W of an image."""

Inputs = Mapping[str, Shape]
"""Name of each input of a network -> the shape of an image of it."""


@dataclass(frozen=True)
class Parity:
    """The distance of the ONNX model's answers from torch's.

    Attributes:
        inputs: Number of random inputs.
        difference: The largest absolute difference of any output.
        largest: The largest absolute output of torch.
    """

    inputs: int
    difference: float
    largest: float


def named_inputs(shape: Shape | Inputs) -> Inputs:
    """The inputs of a network by name; that of one without names is called `INPUT`.

    >>> named_inputs((3, 8, 8))
    {'image': (3, 8, 8)}
    """
    return shape if isinstance(shape, Mapping) else {INPUT: shape}


def convert(
    network: nn.Module, shape: Shape | Inputs, metadata: Mapping[str, str]
) -> onnx.ModelProto:
    """Convert a network; the batch size stays open.

    BatchNorm is folded into convolutions, and nodes are named after the network's modules.

    Args:
        network: put into evaluation mode, in place; from float32 (N, C, H, W), one for each input,
            to one floating-point tensor (N, ...).
        shape: C, H, W; of each input by name where there are several, in the network's order.
        metadata: ``metadata_props`` of the model.

    Raises:
        BadNetwork: it does not run on such an input, or does not give one row per image.
        ExportFailed: an operator has no ONNX form, or the model would exceed 2 GiB.
    """
    torch = need("torch")
    need("onnxscript")
    network.eval().requires_grad_(False)
    _check_size(network)
    inputs = named_inputs(shape)
    _check_runs(network, inputs)
    try:
        with quiet():
            program = torch.onnx.export(
                network,
                tuple(torch.zeros(TRACED_BATCH, *one) for one in inputs.values()),
                input_names=list(inputs),
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamic_shapes=_open_batches(network, inputs),
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # torch.onnx wraps whatever its three stages raise
        raise ExportFailed(_explained(error)) from error
    model = program.model_proto  # a new copy at every access
    return _finished(model, network, metadata)


def _finished(
    model: onnx.ModelProto, network: nn.Module, metadata: Mapping[str, str]
) -> onnx.ModelProto:
    if any(attribute.HasField("g") for node in model.graph.node for attribute in node.attribute):
        raise ExportFailed("the network has a condition or loop, which relcheck export cannot take")
    tidy(model)
    leaves = {name for name, module in network.named_modules() if not list(module.children())}
    rename(model.graph, leaves, set(network.state_dict()))
    try:
        return strip(model, metadata, ir_version=IR_VERSION)
    except Exception as error:  # onnx's checker has no exception of its own for every finding
        text = short(" ".join(str(error).split()))
        raise ExportFailed(
            f"the exporter wrote a model that breaks ONNX's rules: {text}"
        ) from error


def _check_size(network: nn.Module) -> None:
    tensors = [*network.parameters(), *network.buffers()]
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if size > limits.MODEL_BYTES:
        raise ExportFailed(
            f"the network's weights take {size / 2**30:.1f} GiB; an ONNX file ends at 2 GiB"
        )


def _open_batches(network: nn.Module, inputs: Inputs) -> tuple[Any, ...]:
    """The batch size of every input is open; ``*images`` is one parameter to torch."""
    sizes = tuple({0: "N"} for _ in inputs)
    parameters = inspect.signature(network.forward).parameters.values()
    return (sizes,) if any(p.kind is p.VAR_POSITIONAL for p in parameters) else sizes


def _check_runs(network: nn.Module, inputs: Inputs) -> None:
    """Run the network in torch at each batch size: torch's own message says what is wrong."""
    torch = need("torch")
    for batch in (TRACED_BATCH, *PARITY_BATCHES):
        shapes = [(batch, *shape) for shape in inputs.values()]
        given = " and ".join(map(str, shapes))
        try:
            with torch.no_grad():
                answer: Any = network(*map(torch.zeros, shapes))
        except Exception as error:
            text = short(" ".join(str(error).split()))
            raise BadNetwork(f"the network fails on an input of shape {given}: {text}") from error
        if not isinstance(answer, torch.Tensor):
            raise BadNetwork(
                f"the network returns a {type(answer).__name__}; wrap it so that it returns one "
                "tensor with a row per image"
            )
        if answer.ndim < 2 or answer.shape[0] != batch or not answer.is_floating_point():
            raise BadNetwork(
                f"the network answers an input of shape {given} by {answer.dtype} of shape "
                f"{tuple(answer.shape)}; wrap it so that it returns a row of floats per image"
            )


def _explained(error: BaseException) -> str:
    """The reason why torch's exporter failed, which lies at the bottom of a chain of errors."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error)
    if found := re.search(r"No ONNX function found for <OpOverload\(op='([\w.:]+)'", text):
        return f"the exporter has no ONNX form for the operator {found[1]} of this network"
    if type(error).__name__ == "GuardOnDataDependentSymNode":
        return (
            "the exporter cannot take this network: its Python code decides by values of a tensor; "
            "write the decision with torch.where"
        )
    first = text.strip().split("\n")[0]
    return f"the exporter cannot take this network: {short(first) or type(error).__name__}"


def check_parity(
    model: onnx.ModelProto, network: nn.Module, shape: Shape | Inputs, seed: int
) -> Parity:
    """Run both forms of a network on random inputs.

    Args:
        model: the ONNX form.
        network: the torch form, in evaluation mode.
        shape: C, H, W of the input, or of each by name.
        seed: of the inputs, float32 (batch, C, H, W), standard normal.

    Raises:
        ExportFailed: ONNX Runtime cannot run the model, or the answers differ by more than
            rounding explains, or all of them are 0.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for batch in PARITY_BATCHES:
        values = {
            name: rng.standard_normal((batch, *one)).astype(np.float32)
            for name, one in named_inputs(shape).items()
        }
        parts.append(_differences(_torch_answer(network, values), _onnx_answer(model, values)))
    difference, largest = (max(column) for column in zip(*parts, strict=True))
    if largest == 0.0:
        raise ExportFailed(
            "the network answers 0 to every input, so that nothing shows whether its ONNX form is "
            "right; load trained weights"
        )
    if not difference <= TOLERANCE * largest:
        raise ExportFailed(
            f"the exported model answers otherwise than torch: the difference reaches "
            f"{difference:.2g} where the largest output is {largest:.2g}"
        )
    return Parity(sum(PARITY_BATCHES), difference, largest)


def _differences(wanted: npt.NDArray[Any], found: npt.NDArray[Any]) -> tuple[float, float]:
    if wanted.shape != found.shape:
        return math.inf, float(np.abs(wanted).max())
    return float(np.abs(wanted - found).max()), float(np.abs(wanted).max())


Values = Mapping[str, npt.NDArray[np.float32]]
"""What each input is fed, in the network's order."""


def _torch_answer(network: nn.Module, values: Values) -> npt.NDArray[Any]:
    torch = need("torch")
    with torch.no_grad():
        answer: npt.NDArray[Any] = network(*map(torch.from_numpy, values.values())).numpy()
    return answer


def _onnx_answer(model: onnx.ModelProto, values: Values) -> npt.NDArray[Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return np.asarray(session.run([OUTPUT], dict(values))[0])
    except Exception as error:  # ONNX Runtime has one exception type per status code
        text = short(" ".join(str(error).split()))
        raise ExportFailed(f"ONNX Runtime cannot run the exported model: {text}") from error
