"""Common parts of requests: a model, data, the memory that is at risk, files to write."""

from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, model_validator

from analyzer.faults.selection import Selection
from analyzer.jobs.requests import fields
from analyzer.jobs.sources import ModelInMemory
from analyzer.model import Origin, Preprocessing
from analyzer.model.metadata import READERS
from analyzer.reports.formats import Format, RecordKind, formats_of

Model = Path | InstanceOf[ModelInMemory]


class Request(BaseModel):
    """One job, asked for completely; names of fields are those of flags, without dashes.

    Attributes:
        outputs: Name of a form of the report (`analyzer.reports.formats`) -> file to write.
        command: What asked for the job, for the report: a command line, or a Python call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    writes: ClassVar[RecordKind | None] = None
    """The record that the job makes, of which the forms are offered; None: it writes no report."""

    outputs: dict[str, Path] = {}
    command: str = ""

    @model_validator(mode="before")
    @classmethod
    def _gather_outputs(cls, given: Any) -> Any:
        """Take ``json``, ``html`` ... to be outputs."""
        names = cls.formats()
        outputs = {name: given[name] for name in names if given.get(name) is not None}
        rest = {key: value for key, value in given.items() if key not in names}
        return {**rest, "outputs": outputs} if outputs else rest

    @classmethod
    def formats(cls) -> dict[str, Format]:
        """Forms of the job's report, by name."""
        return formats_of([cls.writes] if cls.writes else [])

    @classmethod
    def paths(cls) -> frozenset[str]:
        """Names of settings that hold the path of a file or a folder."""
        named = {"data", "labels", "masks", "journal", "waivers", "target", "severity"}
        own = named & cls.model_fields.keys()
        return frozenset(own | cls.formats().keys())


class DataRequest(Request):
    """Data for a model, and how images become its inputs.

    Attributes:
        data: Path of an ``.npz`` file, an image folder or a published data set, or arrays; None:
            the data set that the model names, the one beside it, or random inputs.
        labels: List of file names and classes, for a folder of images.
        masks: Folder with a mask for each image, for a folder of images.
        part: Which part of a data set in parts: ``train``, ``val`` or ``test``.
        images: Use so many images, drawn by the seed, of each class its share; None: all.
        batch: Images per run; None: by the arithmetic of the model.
        seed: Of every random number.
    """

    data: fields.Data = None
    labels: Path | None = None
    masks: Path | None = None
    part: fields.Part | None = None
    images: fields.Count | None = None
    batch: fields.Count | None = None
    seed: int = Field(default=0, ge=0)
    layout: fields.Layout = None
    color: fields.Color = None
    resize: fields.Resize = None
    crop: fields.Crop = None
    scale: fields.Scale = None
    mean: fields.Mean = None
    std: fields.Std = None

    def preprocessing(self, stated: Preprocessing) -> Preprocessing:
        """Preprocessing as it was asked for, over what the model states.

        Args:
            stated: of the model's metadata.
        """
        given = {key: getattr(self, key) for key in READERS}
        asked = {key: value for key, value in given.items() if value is not None}
        kept = {key: getattr(stated, key) for key in READERS}
        origins = {**stated.origins, **dict.fromkeys(asked, Origin.FLAG)}
        return Preprocessing(**{**kept, **asked}, origins=origins)

    @property
    def data_files(self) -> list[Path]:
        """The files and folders that are read; none for arrays, or where none was named."""
        return [path for path in (self.data, self.labels, self.masks) if isinstance(path, Path)]


class JudgedRequest(DataRequest):
    """Data for a model whose fault-free answers are judged.

    Attributes:
        task: The decision rule, ``NAME``, ``NAME:field=value`` or ``module.py:function``; None:
            found from the model.
        output: Name of the output that is judged, several with commas; None: all.
    """

    task: fields.Task = None
    output: str | None = None


class SpaceRequest(DataRequest):
    """Bits at risk, and where they are flipped.

    Attributes:
        encoding: How values are held in the memory whose bits flip: ``stored`` or ``q15.16``.
        include: Only tensors of such a name.
        exclude: No tensors of such a name.
        kinds: Only tensors of these kinds.
        device: ``cpu``, ``cuda``, ``cuda:1``, another provider of ONNX Runtime, or ``auto``.
        precise_int8: On a CPU: add up products of 8-bit integers exactly, at the cost of speed.
    """

    encoding: fields.Encoding = "stored"
    include: fields.Globs = ()
    exclude: fields.Globs = ()
    kinds: fields.Kinds = ()
    device: fields.Device = "cpu"
    precise_int8: bool = False

    @property
    def selection(self) -> Selection:
        """The tensors that are exposed."""
        return Selection(self.include, self.exclude, self.kinds)
