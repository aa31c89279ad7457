"""Blocks that differences need beyond what each campaign itself asked for."""

from collections.abc import Collection, Sequence

from analyzer.campaign.blocks import BLOCK_TRIALS, Block
from analyzer.campaign.cells import Cell
from analyzer.campaign.comparison.difference import ComparedModel, difference_at
from analyzer.stats.strata import allocate

Wanted = dict[Cell, int]
"""Blocks that a compared should have, by cell."""


def wanted_blocks(
    compared_models: Sequence[ComparedModel], rates: Collection[float]
) -> list[Wanted]:
    """The blocks that each model should run for the differences, beyond its own campaign.

    Where a difference is not known to the precision, both models get the trials that either has.

    Args:
        compared_models: the first is the reference.
        rates: at which differences are to be precise.
    """
    reference, *variants = compared_models
    wanted: list[Wanted] = [{} for _ in compared_models]
    for own, variant in zip(wanted[1:], variants, strict=True):
        if not variant.paired:
            continue
        for rate in rates:
            if difference_at(rate, reference, variant).reached:
                continue
            for cell in reference.cells(rate):
                both = max(reference.blocks[cell], variant.blocks[cell])
                own[cell] = both
                wanted[0][cell] = max(wanted[0].get(cell, 0), both)
    return wanted


def missing_blocks(compared: ComparedModel, wanted: Wanted) -> list[Block]:
    """The blocks that the store of a model does not hold, in order.

    Args:
        compared: the model.
        wanted: by cell: the number of blocks that are wanted.
    """
    held = {cell: {r.block.index for r in compared.store.known(cell)} for cell in wanted}
    return [
        Block(cell, index)
        for cell, count in wanted.items()
        for index in range(compared.blocks[cell], count)
        if index not in held[cell]
    ]


def next_look(compared_models: Sequence[ComparedModel], rate: float, growth: float) -> list[Wanted]:
    """The blocks of one rate that each model should have at the next look at it.

    Paired models run the same trials: in each stratum as many as either should have.

    Args:
        compared_models: the first is the reference.
        rate: of the plan.
        growth: factor on the trials of the model that has most, above 1.
    """
    reference, *variants = compared_models
    total = max(1, round(growth * max(model.trials(rate) for model in compared_models)))
    wanted = [_allocated(model, rate, total) for model in compared_models]
    for variant, own in zip(variants, wanted[1:], strict=True):
        for cell in reference.cells(rate) if variant.paired else ():
            wanted[0][cell] = max(wanted[0][cell], own[cell])
    for variant, own in zip(variants, wanted[1:], strict=True):
        if variant.paired:
            own.update({cell: max(own[cell], count) for cell, count in wanted[0].items()})
    return wanted


def _allocated(model: ComparedModel, rate: float, total: int) -> Wanted:
    """Blocks by cell, never fewer than now."""
    trials = allocate(model.parts(rate), total)
    cells = model.cells(rate)
    return {
        cell: max(model.blocks[cell], count // BLOCK_TRIALS)
        for cell, count in zip(cells, trials, strict=True)
    }
