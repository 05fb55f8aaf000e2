"""What texts were before somebody edited them: GitHub shows that to whoever may read them.

https://docs.github.com/graphql/reference/interfaces#comment
"""

from typing import Any, Final

from responder.providers.github.graphql import graphql
from responder.providers.github.search import Search, Written

_AT_ONCE: Final = 50  # texts
_MOST: Final = 20  # versions of a text
_QUERY: Final = f"""
query($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Comment {{ userContentEdits(first: {_MOST}) {{ totalCount nodes {{ editedAt diff }} }} }}
  }}
}}
"""


def ask_for_edits(search: Search) -> None:
    """Of all that was read and may have been edited."""
    texts = search.written
    for begin in range(0, len(texts), _AT_ONCE):
        some = texts[begin : begin + _AT_ONCE]
        search.later(f"what {len(some)} texts were before they were edited", _edits, search, some)


def _edits(search: Search, texts: list[Written]) -> None:
    told = graphql(search.connection, "edits", _QUERY, {"ids": [one.node for one in texts]})
    for text, node in zip(texts, told["nodes"], strict=True):
        edits = (node or {}).get("userContentEdits")
        if edits:
            _look(search, text, edits)


def _look(search: Search, text: Written, edits: dict[str, Any]) -> None:
    """`diff` is all of the text after that edit; of a version that was deleted there is none."""
    for edit in edits["nodes"]:
        if edit["diff"] and edit["diff"] != text.body:
            search.note(text.what, text.address, edit["diff"], f"as it was on {edit['editedAt']}")
    if edits["totalCount"] > len(edits["nodes"]):
        search.searched.not_looked_at.append(f"{text.address} before its newest {_MOST} versions")
