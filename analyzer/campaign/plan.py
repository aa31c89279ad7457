"""The plan of a campaign. It is complete: two runs of one plan draw the same trials."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from analyzer.faults.models import FaultModel
from analyzer.faults.protections import NONE
from analyzer.faults.selection import Selection


class Exposure(StrEnum):
    """The duration of one fault pattern: one batch, or the whole data set."""

    TRANSIENT = "transient"
    RESIDENT = "resident"


@dataclass(frozen=True)
class Plan:
    """The plan of one campaign.

    Attributes:
        model_sha256: Digest of the model.
        data_sha256: Digest of the data set.
        images: Images of the data set that are used.
        rates: Bit error rates, each in (0, 1).
        exposure: A new pattern for every batch, or one for the whole data set.
        encoding: Representation of values in the memory at risk: ``stored``, or a fixed point.
        fault: The fault model.
        selection: The tensors at risk.
        metric: Definition of a right answer, e.g. ``top1``.
        batch: Images per run.
        seed: Seed of every random number.
        precision: Half-width of an interval at which a rate is done, as a fraction.
        confidence: Coverage of every interval, in (0, 1).
        paired: Id of the plan whose patterns the patterns of this plan follow; empty: none.
        protection: Name of the protection of the memory.
        decision: Everything that decides what a changed decision is and how an answer is scored;
            empty: the highest class score of the only output, scored by the metric.
        precise_int8: Products of 8-bit integers are added up exactly on any processor.
        preprocessing: What flags changed of the recipe that the model states, by name; the rest of
            what is fed follows from the model and the data.
        events: Digest of the regions of a target and of their events; empty in other campaigns.
    """

    model_sha256: str
    data_sha256: str
    images: int
    rates: tuple[float, ...]
    exposure: Exposure
    encoding: str
    fault: FaultModel
    selection: Selection
    metric: str
    batch: int
    seed: int
    precision: float
    confidence: float
    paired: str = ""
    protection: str = NONE.name
    decision: Mapping[str, Any] = field(default_factory=dict)
    precise_int8: bool = False
    preprocessing: tuple[tuple[str, str], ...] = ()
    events: str = ""

    @property
    def content(self) -> dict[str, Any]:
        """Everything that decides the patterns and the outcomes of trial *i* at a rate.

        Rates, precision and confidence decide only how many trials are run, so that a finer or
        wider campaign extends a coarser one.
        """
        alone = {
            "model": self.model_sha256,
            "data": self.data_sha256,
            "images": self.images,
            "exposure": self.exposure.value,
            "encoding": self.encoding,
            "fault": str(self.fault),
            "include": list(self.selection.include),
            "exclude": list(self.selection.exclude),
            "kinds": sorted(k.value for k in self.selection.kinds),
            "metric": self.metric,
            "batch": self.batch,
            "seed": self.seed,
        }
        # Listed only where it is not the usual, so that ids of earlier versions stay what they are.
        more: dict[str, Any] = {"paired": self.paired} if self.paired else {}
        if self.selection.targets != Selection().targets:
            more["targets"] = sorted(t.value for t in self.selection.targets)
        if self.protection != NONE.name:
            more["protection"] = self.protection
        if self.decision:
            more["decision"] = dict(self.decision)
        if self.precise_int8:
            more["precise_int8"] = True
        if self.preprocessing:
            more["preprocessing"] = dict(self.preprocessing)
        if self.events:
            more["events"] = self.events
        return alone | more

    @cached_property
    def id(self) -> str:
        """Digest of `content`."""
        canonical = json.dumps(self.content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
