"""The activations of models, without faults and at bit error rates: measure, report."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from analyzer.campaign.activations.golden import GoldenActivations, run_golden
from analyzer.campaign.activations.rate import Ground, RateTrials
from analyzer.campaign.activations.result import Activations, RateActivations, exact_distribution
from analyzer.campaign.result import Stop, ended_early
from analyzer.jobs.activations_prepared import Preparation, Prepared
from analyzer.jobs.devices import start_device
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.observer import SILENT, CountStage, Observer, SweepStage
from analyzer.jobs.provenance import acceleration_parts, run_part, tool_part
from analyzer.jobs.report import Report
from analyzer.jobs.requests.activations import ActivationsRequest
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.sources import files_of
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.reports.activations.build import ModelEntry, model_activations_part, plan_part
from analyzer.reports.activations.record import ActivationsReport, ModelActivationsPart
from analyzer.reports.activations.rows import activation_rows
from analyzer.reports.activations.text import to_text
from analyzer.reports.formats import RecordKind
from analyzer.reports.shared.build import data_part
from analyzer.reports.shared.records import AccelerationPart
from analyzer.reports.tables import Row
from analyzer.stats.value_counts import RELATIVE_ERROR

COMPARED = 4
"""Batches whose answers are compared with those of the model alone, without faults."""

GOLDEN_PARTS = 2
"""The run without faults may take one of so many parts of a model's budget."""


@dataclass(frozen=True, repr=False, kw_only=True)
class ActivationsFound(Report[ActivationsReport]):
    """The activations of models."""

    kind: ClassVar[RecordKind | None] = RecordKind.ACTIVATIONS

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        return to_text(self.record)

    def rows(self) -> list[Row]:
        """One row per model, activation and rate; the rate is 0 without faults."""
        return activation_rows(self.record)


def measure_activations(
    request: ActivationsRequest, observer: Observer = SILENT
) -> ActivationsFound:
    """Measure the activations of every model, and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, a model or the data.
    """
    request.check()
    check_targets([*request.outputs.values()], [*files_of(*request.models), *request.data_files])
    device = start_device(request.device, observer, request.precise_int8)
    watch = Stopwatch(request.budget, True, observer.alive, observer.message)
    observer.budgeted(lambda: watch.share_used)
    preparation = Preparation(request, device, observer)
    work = _Work(request, watch, observer)
    parts: list[ModelActivationsPart] = []
    states: list[AccelerationPart] = []
    stops: set[Stop] = set()
    for place in range(len(request.models)):
        prepared = preparation.next()
        found = work.measure(prepared, len(request.models) - place)
        stops |= found.stops
        parts.append(_part(prepared, found, place))
        states += acceleration_parts(prepared.executor, parts[-1].label)
        prepared.executor.release()
    first = preparation.first
    thresholds = request.thresholds.name if request.thresholds else ""
    record = ActivationsReport(
        tool=tool_part(device),
        data=data_part(first.data),
        plan=plan_part(first.source.plan, first.data, thresholds),
        relative_error=RELATIVE_ERROR,
        models=parts,
        run=run_part(watch, None, request.command, states, request.models),
    )
    return ActivationsFound(
        record=record,
        written=tuple(write_report(RecordKind.ACTIVATIONS, record, request.outputs)),
        cut_short=ended_early(stops),
        printed=printed_form(request.outputs),
    )


def _part(prepared: Prepared, found: Activations, place: int) -> ModelActivationsPart:
    entry = ModelEntry(
        prepared.model,
        prepared.source.space,
        prepared.notes,
        prepared.source.plan,
        found,
        prepared.compared,
        [(one.value, one.kind, one.reason) for one in prepared.left],
    )
    return model_activations_part(entry, place)


@dataclass(frozen=True)
class _Work:
    """The runs of all models.

    Attributes:
        request: What is asked for.
        watch: The clock of all of them.
        observer: Is told how it goes.
    """

    request: ActivationsRequest
    watch: Stopwatch
    observer: Observer

    def measure(self, prepared: Prepared, left: int) -> Activations:
        """Measure one model.

        Args:
            prepared: the model, made ready.
            left: models that are not done yet, this one included.
        """
        until = self._share(self.request.budget, left)
        with self.watch.interruptible():
            golden = self._golden(prepared, until)
            ground = Ground(
                prepared.executor,
                prepared.source,
                prepared.batches,
                prepared.model.signature.name,
                golden,
                prepared.compared.compare_faulty,
            )
            rates = self._rates(ground, until)
        distributions = tuple(map(exact_distribution, golden.counts))
        return Activations(golden.sites, golden.images, distributions, rates, golden.stop)

    def _golden(self, prepared: Prepared, until: float) -> GoldenActivations:
        """The run without faults, and before it the comparison with the model alone."""
        batches, name = prepared.batches, prepared.model.signature.name
        if self.request.rates:
            until = self._share(until, GOLDEN_PARTS)
        label = f"{prepared.model.path.name} without faults"
        with self.observer.stage(CountStage(len(batches), label)):
            for batch in batches[:COMPARED]:
                result = prepared.executor.run(batch.feeds(name))
                prepared.compared.compare_golden(batch, result)
                self.observer.alive()
            spent = self._spent(until)
            return run_golden(prepared.executor, batches, name, prepared.sites, spent, self._step)

    def _rates(self, ground: Ground, until: float) -> tuple[RateActivations, ...]:
        """All rates of a model, one after the other: the counts of one are held at a time."""
        found = []
        rates = self.request.rates
        with self.observer.stage(SweepStage(rates, "activations")):
            for place, rate in enumerate(rates):
                trials = RateTrials(ground, rate)
                spent = self._spent(self._share(until, len(rates) - place))
                stop = trials.run(spent, partial(self._tell, rate))
                self._tell(rate, trials.trials, 1.0)
                found.append(trials.finished(stop))
                ground.executor.check_golden()
        return tuple(found)

    def _share(self, until: float, parts: int) -> float:
        """CPU seconds since the start at which one of so many equal parts of the rest ends."""
        used = self.watch.cpu_seconds
        return used + max(0.0, until - used) / parts

    def _spent(self, until: float) -> Callable[[], Stop | None]:
        """A function that gives the reason to stop now."""

        def spent() -> Stop | None:
            self.observer.alive()
            late = self.watch.cpu_seconds > until
            return self.watch.spent() or (Stop.BUDGET if late else None)

        return spent

    def _step(self, index: int) -> None:
        self.observer.step(index)

    def _tell(self, rate: float, trials: int, share: float) -> None:
        self.observer.progress(rate, trials, share, None)
