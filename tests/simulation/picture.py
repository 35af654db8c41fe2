"""Accuracy before and after each count, as an SVG and as a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tests.simulation.result import Counted, Result

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 420, 64, 56, 76
BARS = "▁▂▃▄▅▆▇█"


def sparkline(shares: Sequence[float]) -> str:
    """A character for each share, the lowest of them at the bottom."""
    least, most = min(shares), max(shares)
    span = (most - least) or 1
    return "".join(BARS[round((share - least) / span * (len(BARS) - 1))] for share in shares)


def svg(result: Result) -> str:
    """One column a count: a grey dot for the records that were right before, a green one for after."""
    counted = [c for c in result.counted if c.after is not None]
    shares = [c.before.share for c in counted] + [c.after.share for c in counted if c.after]
    least = int(min(shares, default=0.9) * 50) / 50
    step = (WIDTH - LEFT - 24) / max(1, len(counted))

    def y(share: float) -> float:
        return TOP + (1 - share) / (1 - least) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
        '<title id="t">Records right before and after each count</title>',
        f'<desc id="d">{escape(_words(counted))}</desc>',
        (
            "<style>text{font:13px system-ui,sans-serif;fill:#222}.s{fill:#666}.g{stroke:#ddd}.b{fill:#9a9a9a}"
            ".a{fill:#1b7f4b}.l{stroke:#1b7f4b;stroke-width:2}</style>"
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        (
            f'<text x="{LEFT}" y="24" font-weight="600">Records that were right, of those of the counted bins: '
            f"before each count, and after its cases were settled (seed {escape(result.seed)})</text>"
        ),
        (
            f'<circle class="b" cx="{LEFT + 6}" cy="40" r="5"/><text x="{LEFT + 18}" y="45">before</text>'
            f'<circle class="a" cx="{LEFT + 86}" cy="40" r="5"/><text x="{LEFT + 98}" y="45">after</text>'
        ),
    ]
    for n in range(6):
        share = least + (1 - least) * n / 5
        parts.append(
            f'<line class="g" x1="{LEFT}" x2="{WIDTH - 24}" y1="{y(share):.1f}" y2="{y(share):.1f}"/>'
            f'<text class="s" x="{LEFT - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.1%}</text>'
        )
    for n, count in enumerate(counted):
        x = LEFT + step * (n + 0.5)
        name, foot = escape(count.number.removeprefix("COUNT-")), HEIGHT - BOTTOM + 20
        before, after = y(count.before.share), y(count.after.share if count.after else 0)
        parts.append(
            f'<line class="l" x1="{x:.1f}" x2="{x:.1f}" y1="{before:.1f}" y2="{after:.1f}"/>'
            f'<circle class="b" cx="{x:.1f}" cy="{before:.1f}" r="5"/>'
            f'<circle class="a" cx="{x:.1f}" cy="{after:.1f}" r="5"/>'
            f'<text class="s" x="{x:.1f}" y="{foot}" text-anchor="end" transform="rotate(-60 {x:.1f} {foot})">'
            f"{name}</text>"
        )
    parts.append(f'<text class="s" x="{LEFT}" y="{HEIGHT - 12}">day, and number of the count on that day</text>')
    return "\n".join([*parts, "</svg>", ""])


def _words(counted: Sequence[Counted]) -> str:
    return "; ".join(
        f"{c.number}: {c.before.share:.2%} before, {c.after.share:.2%} after" for c in counted if c.after is not None
    )
