"""What a campaign will do, completely: two runs of one plan draw the same trials."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from analyzer.faults.models import FaultModel
from analyzer.faults.space import Selection


class Exposure(StrEnum):
    """How long one fault pattern lasts."""

    TRANSIENT = "transient"
    RESIDENT = "resident"


@dataclass(frozen=True)
class Plan:
    """One campaign.

    Attributes:
        model_sha256: Digest of the model.
        data_sha256: Digest of the data set.
        images: Images used of it.
        rates: Bit error rates, each in (0, 1).
        exposure: A new pattern for every batch, or one for the whole data set.
        encoding: How values are held in the memory whose bits flip.
        fault: What one upset does.
        selection: Which tensors are exposed.
        metric: What a right answer is.
        batch: Images per run.
        seed: Seed of every random number.
        precision: Half-width at which a rate is done, as a fraction.
        confidence: Coverage of every interval, as a fraction.
        paired: Id of the plan whose patterns those of this one follow; empty: it stands alone.
        preprocessing: What flags changed of the recipe that the model states, by name; the rest
            of what is fed follows from the model and the data.
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
    preprocessing: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> dict[str, Any]:
        """All that decides what trial *i* at a rate draws and how it is judged.

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
        if self.preprocessing:  # else a plan has the id that it had before there were flags
            alone["preprocessing"] = dict(self.preprocessing)
        return {**alone, "paired": self.paired} if self.paired else alone

    @cached_property
    def id(self) -> str:
        """Digest of `content`."""
        canonical = json.dumps(self.content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
