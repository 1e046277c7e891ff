"""What a page must keep for everybody: contrast of text, and a name for each control."""

CONTRAST = """
const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * r + .7152 * g + .0722 * b; };
const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
const low = [];
for (const e of document.querySelectorAll('p, h1, h2, h3, dd, dt, td span, td small, th, li, a, label, button:enabled, .pill, .chip, .away, .ping, .badge, .node-status, .event-time')) {
  if (!e.textContent.trim() || !e.getClientRects().length) continue;
  const a = light(rgb(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) low.push(`${e.className || e.tagName}: ${ratio.toFixed(2)}`);
}
return [...new Set(low)];
"""

UNNAMED = """
return [...document.querySelectorAll('button, input, select, dialog[open], [role=img], [role=meter], [role=progressbar]')]
    .filter(e => e.getClientRects().length && !(e.textContent.trim() || e.ariaLabel || e.labels?.length
                                               || e.hasAttribute('aria-labelledby') || e.querySelector('title')))
    .map(e => e.outerHTML.slice(0, 80))
"""


def low_contrast(page):
    return page.run(CONTRAST)


def unnamed_controls(page):
    return page.run(UNNAMED)
