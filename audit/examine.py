"""One case: brute force, the command's figures, and both side by side."""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit import networks
from audit.brute_force import BruteForce, Campaign, Mean, Network, difference
from audit.cases import Case, Comparison, Gate, Map, Sweep
from audit.judgement import Group, Score
from audit.tool import QUANTILE, Figure, Tool

FAR = 5.0
"""A gate's bound is so many standard errors beyond the interval that its verdict is sure."""

IMAGES = {"digits": 16, "rows": 32, "colours": 4}
"""Images of a trial."""


@dataclass(frozen=True)
class Fact:
    """Something that must be so, not only nearly."""

    what: str
    found: object
    expected: object

    @property
    def right(self) -> bool:
        """True where the tool says the same."""
        return self.found == self.expected


@dataclass
class Findings:
    """All that the audit has seen so far."""

    groups: list[Group] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    patterns: int = 0


class Bench:
    """The tool and brute force on the same files."""

    def __init__(self, models: Path, folder: Path, jobs: int, seed: int, tool: Tool) -> None:
        """Start the processes of brute force.

        Args:
            models: the folder of networks and of the digits.
            folder: an empty folder for what the audit writes.
            jobs: processes of brute force.
            seed: of brute force and of the tool.
            tool: the command.
        """
        self.models, self.folder, self.seed = models, folder, seed
        self.tool = tool
        self.brute = BruteForce(jobs)
        self.findings = Findings()

    def examine(self, case: Case) -> list[Group]:
        """The scores of one case, group by group; facts go to the findings."""
        before = len(self.findings.groups)
        match case:
            case Sweep():
                self._sweep(case)
            case Comparison():
                self._comparison(case)
            case Map():
                self._map(case)
            case Gate():
                self._gate(case)
        return self.findings.groups[before:]

    def _model(self, name: str) -> Path:
        writers = {
            "int4_blockwise": networks.write_int4,
            "int4_matmulnbits": networks.write_matmulnbits,
            "float16": networks.write_float16,
        }
        if name not in writers:
            return self.models / f"{name}.onnx"
        path = self.folder / f"{name}.onnx"
        return path if path.exists() else writers[name](self.models, self.folder)

    def _data(self, name: str) -> Path:
        writers = {
            "digits": networks.write_digits,
            "rows": networks.write_rows,
            "colours": networks.write_colours,
        }
        path = self.folder / f"{name}.npz"
        return path if path.exists() else writers[name](self.models, self.folder)

    def _means(
        self, case: Case, network: str, rate: str | None, encoding: str = "stored", only: str = ""
    ) -> dict[str, Mean]:
        """Brute force; its seed follows from the case, so that no two campaigns share draws."""
        name = f"{type(case).__name__} {network} {rate} {encoding} {only} {self._partner(case)}"
        campaign = Campaign(
            model=self._model(network),
            data=self._data(case.data),
            trials=case.trials,
            images=IMAGES[case.data],
            seed=(self.seed, zlib.crc32(name.encode())),
            rate=None if rate is None else float(rate),
            encoding=encoding,
            only=only,
        )
        self.findings.patterns += case.trials
        return self.brute.means(campaign)

    @staticmethod
    def _partner(case: Case) -> str:
        return case.second if isinstance(case, Comparison) else ""

    def _agree(self, name: str, case: Case, encoding: str, bits: int, golden: float) -> None:
        network = Network(self._model(name), self._data(case.data), encoding, "")
        label = f"{name} {encoding}"
        self.findings.facts += [
            Fact(f"{label}: bits at risk", bits, network.memory.bits),
            Fact(f"{label}: fault-free metric", round(golden, 9), round(network.accuracy, 9)),
        ]

    def _add(self, case: str, scores: Iterator[Score]) -> None:
        self.findings.groups.append(Group(case, tuple(scores)))

    def _common(self, case: Case) -> list[str | Path]:
        """Data and a seed of the case's own: groups of z-scores must not share trials."""
        seed = zlib.crc32(f"{self.seed} {case}".encode()) % 2**31
        return ["--data", self._data(case.data), "--seed", str(seed)]

    def _precise(self, case: Sweep | Comparison | Gate) -> list[str | Path]:
        return [*self._common(case), "--precision", str(case.precision)]

    def _sweep(self, case: Sweep) -> None:
        wanted = ["--rates", ",".join(case.rates), "--encoding", case.encoding]
        report = self.tool.ask(
            "run", self._model(case.network), *self._precise(case), *wanted
        ).report
        bits, golden = report["model"]["bits_at_risk"], report["golden"]["value"]
        self._agree(case.network, case, case.encoding, bits, golden)
        for rate, found in zip(case.rates, report["rates"], strict=True):
            means = self._means(case, case.network, rate, case.encoding)
            title = f"run {case.network} {case.encoding} @ {rate}"
            self._add(title, _scores(found, means, ("sdc", "due", "masked", "metric")))

    def _comparison(self, case: Comparison) -> None:
        names = (case.first, case.second)
        rates = ["--rates", ",".join(case.rates)]
        report = self.tool.ask(
            "compare", *map(self._model, names), *self._precise(case), *rates
        ).report
        for name, model in zip(names, report["models"], strict=True):
            self._agree(name, case, "stored", model["model"]["bits_at_risk"], model["golden"])
        for i, rate in enumerate(case.rates):
            self._add(
                f"compare {case.first} {case.second} @ {rate}",
                self._compared(case, rate, [model["rates"][i] for model in report["models"]]),
            )

    def _compared(
        self, case: Comparison, rate: str, found: list[dict[str, Any]]
    ) -> Iterator[Score]:
        first, second = (self._means(case, name, rate) for name in (case.first, case.second))
        outcomes = ("sdc", "due", "metric")
        yield from _scores(found[0], first, outcomes, "first ")
        yield from _scores(found[1], second, outcomes, "second ")
        between = {o: difference(second[o], first[o]) for o in outcomes}
        yield from _scores(found[1]["difference"], between, outcomes, "second - first ")

    def _map(self, case: Map) -> None:
        wanted = self._common(case)
        for tensor in case.tensors:
            wanted += ["--include", tensor]
        wanted += ["--margin", str(case.margin)]
        report = self.tool.ask("map", self._model(case.network), *wanted).report
        found = {entry["name"]: entry for entry in report["tensors"]}
        for tensor in case.tensors:
            means = self._means(case, case.network, None, only=tensor)
            title = f"map {case.network} {tensor}"
            self._add(title, _scores(found[tensor], means, ("sdc", "due")))

    def _gate(self, case: Gate) -> None:
        """A bound above what is true must pass, one below must fail."""
        sdc = self._means(case, case.network, case.rate)["sdc"]
        error = math.hypot(sdc.error, case.precision / QUANTILE)
        for sign, verdict, code in ((1, "pass", 0), (-1, "fail", 1)):
            bound = max(sdc.value + sign * (QUANTILE + FAR) * error, 0.0)
            gate = f"sdc <= {bound:.6f} @ {case.rate}"
            wanted = [*self._precise(case), "--rates", case.rate, "--gate", gate]
            answer = self.tool.ask("run", self._model(case.network), *wanted)
            found = answer.report["gate"]["verdict"], answer.code
            self.findings.facts.append(Fact(f"{case.network}: {gate}", found, (verdict, code)))


def _scores(
    found: dict[str, Any], means: dict[str, Mean], outcomes: tuple[str, ...], prefix: str = ""
) -> Iterator[Score]:
    for outcome in outcomes:
        yield Score(f"{prefix}{outcome}", Figure.of(found[outcome]), means[outcome])
