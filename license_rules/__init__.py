"""Licence knowledge: which licence a text is, what it says beyond it, and what its clauses ask."""

from license_rules.clauses import CLAUSES, RESTRICTS_USE, Clause, clauses
from license_rules.clauses import reads as reads_clauses
from license_rules.expressions import choices, express, holds, ids_in, in_words
from license_rules.identify import Identification, Match, Residual, identify, stem
from license_rules.names import Name, normalise_name
from license_rules.notices import Notice, find_notices
from license_rules.openness import is_open, licence_name, openness, openness_reason
from license_rules.registry import Entry, registry
from license_rules.tokens import READ_LIMIT
from license_rules.weight import scope

__all__ = [
    "CLAUSES",
    "READ_LIMIT",
    "RESTRICTS_USE",
    "Clause",
    "Entry",
    "Identification",
    "Match",
    "Name",
    "Notice",
    "Residual",
    "choices",
    "clauses",
    "express",
    "find_notices",
    "holds",
    "identify",
    "ids_in",
    "in_words",
    "is_open",
    "licence_name",
    "normalise_name",
    "openness",
    "openness_reason",
    "reads_clauses",
    "registry",
    "scope",
    "stem",
]
