"""Models made ready for a measurement of their activations, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache as remembered
from functools import partial

from analyzer.answers import Answer
from analyzer.campaign.activations.comparison import AnswersCompared
from analyzer.campaign.activations.site import Origin, Site
from analyzer.campaign.patterns import PatternSource
from analyzer.campaign.plan import Plan
from analyzer.errors import EmptySelection, InputError, NothingToBound, quoted
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.recipe import changes
from analyzer.faults.pairing import Pairing, correspond
from analyzer.faults.space import FaultSpace
from analyzer.jobs.data import batch_size, default_batch, find_data
from analyzer.jobs.notes import coupling_of, notes_on
from analyzer.jobs.observer import Observer
from analyzer.jobs.prepare import READING
from analyzer.jobs.requests.activations import ActivationsRequest
from analyzer.jobs.sources import ModelSource, open_model
from analyzer.memory.trim import return_free_memory
from analyzer.model import Model, load_model_bytes
from analyzer.reports.shared.build import ModelNotes
from analyzer.runtime.executor import CampaignExecutor, Executor
from analyzer.runtime.open import PARTIAL, open_executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.golden_file import golden_file
from analyzer.runtime.ort.session import loading, new_session, run_session, session_options
from exporters.hardening.activations.survey import Side
from exporters.hardening.bounds.taps import Tap, Taps, find_taps, with_taps
from exporters.hardening.bounds.thresholds import Thresholds, check_thresholds, read_thresholds
from exporters.hardening.not_applied import NotApplied
from exporters.hardening.subject import inlined

MOST_BYTES = 2**28
"""Bytes that the activations of one batch may take, where nobody says how large batches are."""

METRIC = "activations"
"""In place of a metric in the plan: nothing is scored."""


@dataclass(frozen=True)
class Prepared:
    """One model made ready.

    Attributes:
        model: The model as it is.
        sites: Its activations.
        left: Activations whose values cannot be taken out.
        data: The images.
        batches: The same, as they are run.
        executor: Of the model that returns its activations.
        source: Gives each trial its pattern.
        compared: Compares answers with those of the model as it is.
        notes: On how it runs.
    """

    model: Model
    sites: tuple[Site, ...]
    left: tuple[NotApplied, ...]
    data: Dataset
    batches: tuple[AnyBatch, ...]
    executor: CampaignExecutor
    source: PatternSource
    compared: AnswersCompared
    notes: ModelNotes


class Preparation:
    """Makes the models of a request ready, each when the one before it is done."""

    def __init__(self, request: ActivationsRequest, device: Device, observer: Observer) -> None:
        """Read the file of thresholds; nothing else is read yet.

        Args:
            request: what is asked for.
            device: where models run.
            observer: is told how it goes.

        Raises:
            FileMissing: there is no such file of thresholds.
            BadThresholds: it is none.
        """
        self._request, self._device, self._observer = request, device, observer
        self._sources: Iterator[ModelSource] = iter(request.models)
        self._given = read_thresholds(request.thresholds) if request.thresholds else None
        self._first: Prepared | None = None

    @property
    def first(self) -> Prepared:
        """The first model, whose executor may be released."""
        assert self._first is not None, "one model at least is made ready"
        return self._first

    def next(self) -> Prepared:
        """Make the next model ready.

        Raises:
            NothingToBound: it has no activation.
            RelcheckError: whatever is wrong with it or its data; the message names the model.
        """
        source = next(self._sources)
        try:
            prepared = self._prepare(source)
        except (InputError, EmptySelection) as error:
            if len(self._request.models) == 1 or str(source) in str(error):
                raise
            raise type(error)(f"{source}: {error}") from error
        self._first = self._first or prepared
        return prepared

    def _prepare(self, source: ModelSource) -> Prepared:
        request, say = self._request, self._observer.preparing
        say(READING)
        model = _in_one_graph(open_model(source))
        taps = find_taps(model.proto)
        if not taps.taps:
            raise NothingToBound(
                f"{model.path} has no activation whose values can be taken out{_why(taps)}"
            )
        space = model.space(request.selection, request.encoding)
        sites = self._sites(taps)
        say("reading the data")
        data = find_data(model, request, self._observer)
        coupling = coupling_of(model, data)
        model = model.filed()
        return_free_memory()
        proto, places = with_taps(model.proto, taps.taps)
        tapped = replace(model, proto=proto)
        size = self._batch(tapped, data, 1 if coupling else None)
        fixed = model.signature.fixed_batch is not None
        batches = make_batches(data, size, request.seed, fixed)
        say("opening the model in ONNX Runtime")
        executor = self._open(tapped, space, batches)
        if model.file is not None:
            model.file.leave()
        return_free_memory()
        say("looking at how the model runs")
        return Prepared(
            model=model,
            sites=tuple(replace(s, place=p) for s, p in zip(sites, places, strict=True)),
            left=taps.left,
            data=data,
            batches=batches,
            executor=executor,
            source=self._patterns(model, data, space, size),
            compared=self._compared(model, space),
            notes=notes_on(coupling, executor.layout, size),
        )

    def _sites(self, taps: Taps) -> list[Site]:
        """The sites with their thresholds: of the graph, else of the file, else of the data.

        Raises:
            BadThresholds: the file belongs to another model.
        """
        given: Thresholds = self._given.thresholds if self._given else {}
        open_sites = [tap.site for tap in taps.taps if tap.threshold is None]
        if self._given and open_sites:
            if len(open_sites) < len(taps.taps):  # the bounds of the others have names of their own
                names = {site.value for site in open_sites}
                given = {name: range_ for name, range_ in given.items() if name in names}
            check_thresholds(given, open_sites, str(self._request.thresholds))
        return [_site(tap, given) for tap in taps.taps]

    def _batch(self, tapped: Model, data: Dataset, most: int | None) -> int:
        """Images per run: as many as the first model meets, if nobody says otherwise."""
        request = self._request
        usual = default_batch(tapped, data, request.exposure)
        if request.batch is None and tapped.signature.fixed_batch is None and usual > 1:
            usual = min(usual, self._affordable(tapped, data))
        if most is not None:
            usual = min(usual, most)
        elif self._first is not None:
            usual = self._first.source.plan.batch
        return batch_size(tapped, request, len(data), usual)

    def _affordable(self, tapped: Model, data: Dataset) -> int:
        """Images whose activations take no more memory than they may, 1 at least."""
        batch = make_batches(data.first(1), 1, 0, False)[0]
        with loading():
            session = new_session(golden_file(tapped, {}), session_options())
        result = run_session(session, batch.feeds(tapped.signature.name))
        if not isinstance(result, Answer):
            return 1
        return max(1, MOST_BYTES // max(1, sum(value.nbytes for value in result.outputs)))

    def _open(
        self, tapped: Model, space: FaultSpace, batches: Sequence[AnyBatch]
    ) -> CampaignExecutor:
        name = tapped.signature.name
        short = len(batches[-1].inputs) != len(batches[0].inputs)
        others = [batches[-1].feeds(name)] if short else []
        # Activations of every node are wanted, so that no run may begin late or stop early.
        return open_executor(
            tapped,
            space,
            batches[0].feeds(name),
            self._device,
            without=(PARTIAL,),
            others=others,
        )

    def _compared(self, model: Model, space: FaultSpace) -> AnswersCompared:
        def oracle(pack: bool) -> Executor:
            return RewriteExecutor(model, space, self._device, pack=pack)

        # Live weights are never packed: the first one nearly always gives the answer.
        oracles: list[Callable[[], Executor]] = [
            remembered(partial(oracle, pack)) for pack in (False, True)
        ]
        return AnswersCompared(oracles, model.signature.name, len(model.proto.graph.output))

    def _patterns(
        self, model: Model, data: Dataset, space: FaultSpace, batch: int
    ) -> PatternSource:
        """The patterns of a model: the first one's, where enough of their bits correspond."""
        request = self._request
        stated = model.metadata.preprocessing
        plan = Plan(
            model_sha256=model.sha256,
            data_sha256=data.sha256,
            images=len(data),
            rates=request.rates,
            exposure=request.exposure,
            encoding=request.encoding,
            fault=request.fault,
            selection=request.selection,
            metric=METRIC,
            batch=batch,
            seed=request.seed,
            precision=request.precision,
            confidence=request.confidence,
            precise_int8=request.precise_int8,
            preprocessing=changes(stated, request.preprocessing(stated)),
        )
        if self._first is None:
            return PatternSource(plan, space, None)
        lead = self._first.source
        matched = correspond(lead.space, space)
        if not matched.enough:
            return PatternSource(plan, space, None)
        pairing = Pairing(lead.plan.id, None, matched)
        return PatternSource(replace(plan, paired=lead.plan.id), space, None, pairing)


def _why(taps: Taps) -> str:
    """The reason for the first activation that is left out; empty if the model has none at all."""
    if not taps.left:
        return ""
    first = taps.left[0]
    more = f" (and {len(taps.left) - 1} others)" if len(taps.left) > 1 else ""
    return f"; {quoted(first.value, 80)} ({first.kind}): {first.reason}{more}"


def _site(tap: Tap, given: Thresholds) -> Site:
    """The site of a tap; its place among the outputs is not known yet."""
    threshold, origin = tap.threshold, Origin.BOUND
    if threshold is None:
        threshold, origin = given.get(tap.site.value), Origin.FILE
    low = high = None
    if threshold is None:
        origin = Origin.MAXIMUM
    else:
        low, high = threshold.low, threshold.high
    two_sided = tap.site.side is Side.TWO
    return Site(tap.site.value, tap.site.kind, 0, low, high, origin, two_sided)


def _in_one_graph(model: Model) -> Model:
    """The model with its local functions expanded; as it is if it has none."""
    if not model.proto.functions:
        return model
    content = inlined(model.proto).SerializeToString()
    found = load_model_bytes(content, model.path)
    return replace(found, sha256=model.sha256, size=model.size, in_memory=model.in_memory)
