"""Errors of journals."""

from analyzer.errors.tree import InputError


class JournalError(InputError):
    """A journal that cannot be used."""

    slug = "journal"


class JournalUnusable(JournalError):
    """A journal that cannot be read or written."""

    slug = "journal-unusable"


class JournalBusy(JournalError):
    """A journal that another run holds."""

    slug = "journal-busy"


class JournalMismatch(JournalError):
    """A journal of another plan, model, tool or runtime version."""

    slug = "journal-mismatch"
