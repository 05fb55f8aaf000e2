"""What a page must have to be read by anybody, checked without a browser."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "hr", "img", "input"}
_LOADING = {"src", "srcset", "data", "poster", "background", "formaction", "action"}


class Page(HTMLParser):
    """A page, read strictly: an element that is not closed where it should be is an error."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.ids, self.levels, self.text = [], [], [], []
        self.lang, self.wrong = "", []
        self._open, self._foreign, self._cells = [], 0, []
        self.feed(text)
        self.close()
        if self._open:
            self.wrong.append(f"not closed: {self._open}")

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.lang = given.get("lang", self.lang) if tag == "html" else self.lang
        self.ids += [given["id"]] if "id" in given else []
        self.levels += [int(tag[1])] if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit() else []
        if self._open and self._open[-1] == "details" and not self._in_details and tag != "summary":
            self.wrong.append("a fold whose first child is no summary")
        self._in_details = tag != "details"
        self.wrong += _asking(tag, attrs)
        if tag == "th" and given.get("scope") not in {"col", "row"}:
            self.wrong.append("a th without scope")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        if not self._open or self._open[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self._open[-3:]}")
        else:
            self._open.pop()

    def handle_data(self, data):
        self.text.append(data)
        if self._open and self._open[-1] == "style" and ("url(" in data or "@import" in data):
            self.wrong.append("a style that loads")

    _in_details = True

    def count(self, tag):
        return sum(1 for name, _ in self.tags if name == tag)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def _asking(tag, attrs):
    """What would load or run something. A plain link may lead anywhere."""
    if tag in {"script", "iframe", "object", "embed", "link", "base", "img"}:
        yield f"there is a {tag}"
    for name, value in attrs:
        if name in _LOADING or name.startswith("on"):
            yield f"{tag} has {name}={value}"
        if name in {"href", "xlink:href"} and tag != "a" and not value.startswith("#"):
            yield f"{tag} loads {value}"


def faults(text):
    page = Page(text)
    found = list(page.wrong)
    if page.levels.count(1) != 1 or page.levels[0] != 1:
        found.append("not one h1, first")
    steps = zip(page.levels, page.levels[1:], strict=False)
    found += [f"h{after} follows h{before}" for before, after in steps if after > before + 1]
    found += [f"id {one} twice" for one in set(page.ids) if page.ids.count(one) > 1]
    if page.count("details") != page.count("summary"):
        found.append("a fold without a summary")
    if page.lang != "en":
        found.append("no language")
    links = [given["href"] for tag, given in page.tags if tag == "a"]
    found += [f"{link} leads nowhere" for link in links if link.startswith("#") and link[1:] not in page.ids]
    named = [v for _, given in page.tags for v in given.get("aria-labelledby", "").split()]
    found += [f"nothing is called {one}" for one in named if one not in page.ids]
    found += [f"there is no {tag}" for tag in ("main", "header", "footer") if page.count(tag) != 1]
    return found
