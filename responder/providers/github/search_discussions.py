"""Discussions of a repository, their comments and the replies to these.

https://docs.github.com/graphql/guides/using-the-graphql-api-for-discussions
"""

from typing import Any, Final

from responder.providers.github.graphql import graphql
from responder.providers.github.search import Search, Written

_MOST: Final = 200  # discussions, those changed last
_PAGE: Final = 20
_COMMENTS: Final = 50  # of a discussion; as many replies to each
_QUERY: Final = f"""
query($owner: String!, $name: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    hasDiscussionsEnabled
    discussions(first: {_PAGE}, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        id title body url
        comments(first: {_COMMENTS}) {{
          totalCount
          nodes {{ id body url replies(first: {_COMMENTS}) {{ totalCount nodes {{ id body url }} }} }}
        }}
      }}
    }}
  }}
}}
"""


def discussions(search: Search) -> None:
    """Whenever they were: a discussion does not tell reliably when its comments changed."""
    owner, _, name = search.repository.partition("/")
    count, after, is_more = 0, None, True
    while is_more and count < _MOST:
        asked = {"owner": owner, "name": name, "after": after}
        told = graphql(search.connection, "discussions", _QUERY, asked)["repository"]
        page = told["discussions"]
        for one in page["nodes"]:
            _look(search, one)
        count += len(page["nodes"])
        is_more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
        if not (count or told["hasDiscussionsEnabled"]):
            search.searched.looked_at.append("no discussions, as they are switched off")
            return
    search.searched.looked_at.append(f"discussions: {count}")
    if is_more:
        search.searched.not_looked_at.append(f"discussions before the newest {count}")


def _look(search: Search, discussion: dict[str, Any]) -> None:
    search.note_written(_written(discussion), discussion["title"])
    comments = discussion["comments"]
    for comment in comments["nodes"]:
        search.note_written(_written(comment), within="a comment")
        for reply in comment["replies"]["nodes"]:
            search.note_written(_written(reply), within="a reply")
        if comment["replies"]["totalCount"] > len(comment["replies"]["nodes"]):
            search.searched.not_looked_at.append(f"replies to {comment['url']} after the first {_COMMENTS}")
    if comments["totalCount"] > len(comments["nodes"]):
        search.searched.not_looked_at.append(f"comments of {discussion['url']} after the first {_COMMENTS}")


def _written(node: dict[str, Any]) -> Written:
    return Written("discussion", node["url"], node["body"], node["id"])
