"""One export: a torch network as an ONNX file, checked to answer alike."""

from analyzer.errors import FileMissing
from analyzer.jobs.files import check_targets, write_whole
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.requests.export import ExportRequest
from analyzer.model import input_signature
from analyzer.reports.before_after.exported import ExportSummary
from exporters.torch.export import SEED, build
from exporters.torch.export import ExportRequest as NetworkRequest
from exporters.torch.torch_model import check_parity


def export_network(request: ExportRequest, observer: Observer = SILENT) -> ExportSummary:
    """Convert a torch network, and write it.

    Args:
        request: what is asked for.
        observer: hears no signs of life while the network is made.

    Raises:
        ExportError: something of the network cannot be had; the message says what.
        FileMissing: the checkpoint is not there.
        BadOption: an option does not suit the network.
        UnwritableOutput: the file cannot be written.
    """
    weights = request.weights
    asked = NetworkRequest(
        request.source, weights, request.classes, request.shape, request.preprocessing
    )
    if weights and not weights.is_file():
        raise FileMissing(f"there is no checkpoint {weights}")
    check_targets([request.out], [weights] if weights else [])
    with observer.suspended():
        made = build(asked)
    parity = check_parity(made.model, made.network, made.shape, SEED)
    content = made.model.SerializeToString(deterministic=True)
    write_whole(request.out, content)
    return ExportSummary(
        file=request.out.name,
        size=len(content),
        source=str(request.source),
        parameters=made.parameters,
        signature=input_signature(made.model.graph),
        weights=made.weights,
        inputs=parity.inputs,
        difference=parity.difference,
        largest=parity.largest,
        preprocessing=made.preprocessing,
        notes=made.notes,
    )
