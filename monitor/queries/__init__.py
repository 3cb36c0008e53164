"""Queries: which mentions are meant, in the language that monitoring tools share.

`parse` reads a query in whichever of the spellings people bring (docs/queries.md); it is evaluated on the
places that `monitor.texts.Terms` finds in a `Reading`:

    query = parse('apple NEAR/5 (watch OR iphone) AND NOT lang:de')
    terms = Terms(query.terms)                      # of many queries at once
    found = terms.find(reading)
    query.matches(found, reading, Fields(language="en"))
    query.places(found, reading, Fields(language="en"))
    condition(query)                                # what the search index can say of it, or None
"""

from monitor.queries.condition import condition
from monitor.queries.errors import QueryError
from monitor.queries.evaluation import Found
from monitor.queries.fields import Fields, host_of
from monitor.queries.parser import parse
from monitor.queries.query import Query
from monitor.queries.tree import Field

__all__ = ["Field", "Fields", "Found", "Query", "QueryError", "condition", "host_of", "parse"]
