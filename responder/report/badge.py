"""A badge as an SVG of its own: a label, and what is to be said."""

from xml.sax.saxutils import escape

_HEIGHT, _PER_LETTER, _PADDING = 20, 6.5, 12  # pixels, of Verdana at 11
_GOOD, _BAD, _LABEL = "#2e7d32", "#c62828", "#555"


def drawn(label: str, said: str, *, good: bool) -> str:
    """An SVG of 20 pixels' height, readable by a screen reader, that loads nothing."""
    left, right = (round(len(text) * _PER_LETTER + _PADDING) for text in (label, said))
    colour = _GOOD if good else _BAD
    title = escape(f"{label}: {said}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<rect width="{left}" height="{_HEIGHT}" fill="{_LABEL}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2}" y="14">{escape(said)}</text></g></svg>\n'
    )
