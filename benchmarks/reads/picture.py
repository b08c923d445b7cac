"""The results as a picture: for each case a bar for each contender, as long as it answers requests a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

WIDTH, LEFT, RIGHT = 860, 210, 90
BAR, GAP, HEAD = 16, 4, 30
COLOURS = {"service": "#0b6e4f", "stock DRF": "#a44a3f", "django-ninja": "#8a6fb0", "ceiling": "#9aa5b1"}
OTHER = "#c9a227"


def draw(results: Mapping[str, Any]) -> str:
    """An SVG that stands by itself."""
    bars = list(_cases(results))
    height = sum(step for step, _shapes in bars) + 50
    shapes, top = [], 44
    for step, make in bars:
        shapes += make(top)
        top += step
    title = f"Requests a second, a city of {results['size']:,} initiatives (bars of a case against its longest)"
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    font = 'font-family="system-ui, sans-serif" font-size="12"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="16" y="26" font-size="15" font-weight="600" fill="#1f2933">{escape(title)}</text>',
            *shapes,
            "</svg>\n",
        )
    )


def _cases(results: Mapping[str, Any]) -> Iterator[tuple[int, Any]]:
    for case in results["cases"]:
        contenders = case["contenders"]
        if contenders:
            yield HEAD + len(contenders) * (BAR + GAP), lambda top, case=case: list(_case(case, top))


def _case(case: Mapping[str, Any], top: int) -> Iterator[str]:
    yield f'<text x="16" y="{top + 18}" font-weight="600" fill="#1f2933">{escape(case["case"])}</text>'
    longest = max(each["requests_per_second"] for each in case["contenders"].values())
    y = top + HEAD - 4
    for name, each in case["contenders"].items():
        rate = each["requests_per_second"]
        length = max(round((WIDTH - LEFT - RIGHT) * rate / longest), 1)
        colour = COLOURS.get(name, OTHER)
        yield f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end" fill="#52606d">{escape(name)}</text>'
        yield f'<rect x="{LEFT}" y="{y}" width="{length}" height="{BAR}" rx="2" fill="{colour}"/>'
        yield f'<text x="{LEFT + length + 6}" y="{y + 12}" fill="#1f2933">{rate:,}/s</text>'
        y += BAR + GAP
