"""A campaign that is ready to run, and the circumstances under which it is made ready."""

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.campaign.coding_loss import CodingLoss
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.dataset import Dataset
from analyzer.faults.protections import NONE, Protection
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.faults.space import FaultSpace
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.memory.trim import return_free_memory
from analyzer.model import Model
from analyzer.reports.shared.build import NO_NOTES, ModelNotes
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.ort.device import CPU, Device

Begin = Callable[[Model], object]
"""Called with the model once all input is read, before the steps that take long."""


def ignore_begin(_model: Model) -> None:
    """Do nothing before the steps that take long."""


@dataclass(frozen=True)
class Start:
    """Circumstances of a campaign that is made ready.

    Attributes:
        device: Where to run, started.
        observer: Is told how it goes.
        begin: See `Begin`.
        watch: The clock whose budget the golden run must not exceed by far; None: there is none.
        protection: Of the memory.
    """

    device: Device = CPU
    observer: Observer = SILENT
    begin: Begin = ignore_begin
    watch: Stopwatch | None = None
    protection: Protection = NONE


HERE = Start()


@dataclass(frozen=True)
class Analysis:
    """A campaign ready to run.

    Attributes:
        model: The model.
        space: Its bits at risk, check bits of a protection behind the others.
        data: The images.
        executor: Runs the model in this process.
        context: What trials need.
        device: Where trials run.
        notes: What a reader must know about how the model ran.
        memory: The protected memory; None: it is not protected.
        coding: What the encoding of the protection costs without faults; None: nothing is lost.
    """

    model: Model
    space: FaultSpace
    data: Dataset
    executor: CampaignExecutor
    context: TrialContext
    device: Device
    notes: ModelNotes = NO_NOTES
    memory: ProtectedMemory | None = None
    coding: CodingLoss | None = None

    def rest(self) -> None:
        """Give back memory that is not needed until a trial is run; nothing is lost."""
        layout = self.executor.layout
        for file in (self.model.file, layout.file if layout else None):
            if file is not None:
                file.leave()
        return_free_memory()
