// The bars of a monitor's last beats: kept and merged by beat id, with one tooltip for all of them, by
// mouse, touch and keyboard (arrows walk the bars of the focused monitor).
'use strict';

const BEATS_SHOWN = 30;
const BEAT_STATUS = ['Down', 'Up', 'Pending', 'Maintenance'];
const STATUS_CLASS = ['down', 'up', 'pending', 'maintenance'];

// Beats by monitor id, oldest first. The server may send only what is newer than `beatsAfter`.
const beatStore = new Map();

function mergeBeats(monitorId, fresh) {
  const known = beatStore.get(monitorId);
  if (!known) {
    beatStore.set(monitorId, fresh.slice(-BEATS_SHOWN));
    return;
  }
  const ids = new Set(known.map((b) => b.id));
  const added = fresh.filter((b) => !ids.has(b.id));
  if (!added.length) return;
  const all = known.concat(added).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id - b.id));
  beatStore.set(monitorId, all.slice(-BEATS_SHOWN));
}

function forgetBeatsExcept(ids) {
  for (const id of beatStore.keys()) {
    if (!ids.has(id)) beatStore.delete(id);
  }
}

function makeBars(label) {
  const bars = el('div', 'bars');
  bars.tabIndex = 0;
  bars.setAttribute('role', 'img');
  bars.setAttribute('aria-label', label);
  bars.addEventListener('keydown', walkBars);
  bars.addEventListener('focus', () => showTip(bars.lastElementChild));
  bars.addEventListener('blur', hideTip);
  return bars;
}

function drawBars(bars, beats) {
  let before = null;
  for (const beat of beats) {
    beat.moved = before !== null && beat.node_id && before.node_id && beat.node_id !== before.node_id;
    before = beat;
  }
  keyed(bars, beats, (b) => b.id, (beat) => {
    const bar = el('span', 'beat');
    bar.dataset.status = STATUS_CLASS[beat.status] ?? 'unknown';
    bar.beat = beat;
    return bar;
  }, (bar, beat) => {
    bar.beat = beat;
    setData(bar, 'colour', nodeColour(beat.node_id));
    setData(bar, 'moved', beat.moved ? 'yes' : '');
  });
  if (tipOf && bars.contains(tipOf)) return;  // the label tells the beat that is being read
  const tally = STATUS_CLASS.map((name, i) => [beats.filter((b) => b.status === i).length, name])
                    .filter(([n]) => n).map(([n, name]) => `${n} ${name}`).join(', ');
  setAttribute(bars, 'aria-label', beats.length ? `Last ${plural(beats.length, 'beat')}: ${tally}` : 'No beats yet');
}

const tip = byId('tip');
let tipOf = null;

function tipLines(beat) {
  const took = beat.ping === null || beat.ping === undefined ? '' : ` · ${formatMillis(beat.ping)}`;
  const lines = [el('strong', '', (BEAT_STATUS[beat.status] ?? 'Unknown') + took), el('span', 'tip-time', formatTime(beat.time, true))];
  if (beat.msg) lines.push(el('span', 'tip-msg', beat.msg));
  if (beat.node_id) {
    const by = el('span', 'tip-node', `checked by ${beat.node_id}${beat.moved ? ', its first after a move' : ''}`);
    by.dataset.colour = nodeColour(beat.node_id);
    lines.push(by);
  }
  return lines;
}

function showTip(bar) {
  if (!bar?.beat) return hideTip();
  if (tipOf && tipOf !== bar) tipOf.classList.remove('at');
  tipOf = bar;
  bar.classList.add('at');
  tip.replaceChildren(...tipLines(bar.beat));
  tip.dataset.status = bar.dataset.status;
  tip.hidden = false;
  const at = bar.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), window.innerWidth - size.width - 8);
  const above = at.top - size.height - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : at.bottom + 8}px`;
}

function hideTip() {
  if (tipOf) tipOf.classList.remove('at');
  tipOf = null;
  tip.hidden = true;
}

// The bar under the tooltip may have slid away with a new beat.
function keepTip() {
  if (tipOf && !tipOf.isConnected) hideTip();
}

function walkBars(event) {
  const bars = event.currentTarget;
  const here = tipOf && bars.contains(tipOf) ? tipOf : bars.lastElementChild;
  const to = {ArrowLeft: here?.previousElementSibling, ArrowRight: here?.nextElementSibling,
              Home: bars.firstElementChild, End: bars.lastElementChild}[event.key];
  if (event.key === 'Escape') return hideTip();
  if (!to) return;
  event.preventDefault();
  showTip(to);
  setAttribute(bars, 'aria-label', [...tip.children].map((line) => line.textContent).join(', '));
}

document.addEventListener('pointerover', (event) => {
  const bar = event.target.closest?.('.beat');
  if (bar) showTip(bar);
  else if (tipOf && event.pointerType === 'mouse') hideTip();
});
document.addEventListener('pointerdown', (event) => {
  if (!event.target.closest?.('.beat')) hideTip();
});
window.addEventListener('scroll', hideTip, {passive: true});
