"""How a report looks: on a wide screen, on a phone, and printed."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; background: #fff; color: #1a1a1a;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { margin: 0.5rem 0 0; font-size: 1.1rem; font-weight: 600; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 0.6rem; font-size: 1.3rem; line-height: 1.25;
  border-top: 2px solid #1a1a1a; padding-top: 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.about { color: #555; font-size: 0.9rem; }
.lead { font-size: 1.45rem; font-weight: 700; line-height: 1.3; margin: 0.6rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 1.2rem 0 0; padding: 0; list-style: none;
  font-size: 0.9rem; }
a { color: #00508a; }
.table { overflow-x: auto; margin: 1rem 0; }
.table:focus-visible, .chart:focus-visible, a:focus-visible { outline: 3px solid #00508a; outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.2rem 0; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid #ccc; vertical-align: top; text-align: left; }
thead th, thead td { border-bottom: 2px solid #1a1a1a; vertical-align: bottom; }
tbody th { font-weight: 400; min-width: 5rem; }
td.right, th.right { text-align: right; }
td.right { white-space: nowrap; }
td.left { overflow-wrap: break-word; max-width: 24rem; }
td.long { min-width: 15rem; overflow-wrap: anywhere; }
tr.total th, tr.total td { font-weight: 700; border-top: 2px solid #1a1a1a; }
figure { margin: 1rem 0; }
figure img { display: block; width: 100%; height: auto; }
figcaption { display: none; }
@media (max-width: 40rem) {
  .lead { font-size: 1.2rem; }
  .chart { overflow-x: auto; }
  table { font-size: 0.8rem; }
  th, td { padding: 0.25rem 0.4rem; }
  tbody th { min-width: 7rem; }
  figure img { min-width: 36rem; }
  figcaption { display: block; color: #333; font-size: 0.9rem; }  /* the title may be scrolled out of sight */
}
@media print {
  @page { margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  nav { display: none; }
  .table { overflow: visible; }
  table { font-size: 7.5pt; width: 100%; }
  th, td { padding: 1pt 3pt; }
  td.left { max-width: none; }
  tbody th { min-width: 16mm; max-width: 45mm; overflow-wrap: break-word; }
  td.long { min-width: 0; width: 45%; }
  figure img { max-height: 80mm; width: auto; max-width: 100%; }
  h2 { break-after: avoid; }
  tr, figure { break-inside: avoid; }
  thead { display: table-header-group; }
}
"""
