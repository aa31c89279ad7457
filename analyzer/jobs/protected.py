"""The protected memory of a model."""

from analyzer.faults.protections import NONE, Protection
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.faults.space import FaultSpace
from analyzer.model import Model


def protect_memory(
    model: Model, data: FaultSpace, protection: Protection
) -> ProtectedMemory | None:
    """The memory of a model behind a protection; None: there is none.

    Args:
        model: the model.
        data: its bits at risk.
        protection: of these bits.

    Raises:
        BadOption: nothing can be protected as asked.
    """
    return None if protection.name == NONE.name else protection.protect(data, model.values())


def readable(space: FaultSpace, memory: ProtectedMemory | None) -> FaultSpace:
    """The bits that readers meet.

    Args:
        space: the bits at risk.
        memory: the protected memory; None: every bit at risk is read.
    """
    return memory.data if memory else space
