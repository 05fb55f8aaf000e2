"""Bad weather on demand: rules that make the three services misbehave as real ones do."""

from responder.sandbox.faults.book import Faults
from responder.sandbox.faults.rule import GRAMMAR, Rule, read_rule

__all__ = ["GRAMMAR", "Faults", "Rule", "read_rule"]
