"""How pages look.  Rule: colours of Okabe and Ito's palette, told apart by shape as well, in light and dark."""

from typing import Final

_COLOURS: Final = """
:root { color-scheme: light dark; --ground: #ffffff; --panel: #f6f7f9; --ink: #1c2126; --soft: #5b6570;
  --line: #dfe3e8; --strong: #8a949e; --first: #0072b2; --second: #d55e00; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181c; --panel: #1c2227; --ink: #e8ebee; --soft: #a3adb7;
    --line: #2e363d; --strong: #76818b; --first: #56b4e9; --second: #e69f00; }
}
"""

CHART: Final = f"""{_COLOURS}
svg {{ font: 14px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }}
.title {{ font-size: 16px; font-weight: 600; }}
.tick, .axis, .note, .count {{ fill: var(--soft); }}
.tick, .count, .note {{ font-size: 13px; }}
.value, .note {{ paint-order: stroke; stroke: var(--panel); stroke-width: 4px; stroke-linejoin: round; }}
.grid {{ stroke: var(--line); }}
.base, .zero {{ stroke: var(--strong); }}
.ideal {{ stroke: var(--strong); stroke-width: 1.5; stroke-dasharray: 6 5; }}
.area {{ fill: var(--first); opacity: .14; }}
.equity {{ fill: none; stroke: var(--first); stroke-width: 2; stroke-linejoin: round; }}
.mark {{ fill: var(--first); stroke: var(--panel); stroke-width: 1; }}
.value {{ font-weight: 600; }}
.observed {{ fill: none; stroke: var(--second); stroke-width: 1.5; opacity: .75; }}
.whisker {{ stroke: var(--second); stroke-width: 1.5; }}
.point {{ fill: var(--second); stroke: var(--panel); stroke-width: 1; }}
.bar {{ fill: var(--first); opacity: .55; }}
"""
"""What every image carries itself, so that it looks the same on its own."""

PAGE: Final = f"""{_COLOURS}* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1.25rem 1rem 2rem; max-width: 66rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }}
h1 {{ font-size: 1.35rem; margin: 0; }}
h2 {{ font-size: 1.05rem; margin: 1.75rem 0 .5rem; }}
p {{ margin: .25rem 0 0; color: var(--soft); }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .6rem; margin: 1rem 0 0;
  padding: 0; }}
.tiles div {{ background: var(--panel); border-radius: .5rem; padding: .55rem .75rem; }}
.tiles dt {{ color: var(--soft); font-size: .8rem; }}
.tiles dd {{ margin: 0; font-size: 1.2rem; font-weight: 600; font-variant-numeric: tabular-nums; }}
.charts {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem;
  margin-top: 1rem; align-items: start; }}
figure {{ margin: 0; padding: .9rem; background: var(--panel); border-radius: .5rem; }}
svg {{ display: block; width: 100%; height: auto; overflow: visible; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }}
th, td {{ padding: .3rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }}
th {{ color: var(--soft); font-weight: 600; }}
th:first-child, td:first-child, .word {{ text-align: left; }}
tr.total td {{ font-weight: 600; }}
"""
