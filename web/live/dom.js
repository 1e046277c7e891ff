// Small helpers for keyed updates: nothing is drawn anew that did not change, so focus, selection and
// scroll stay. Every value from outside goes in as text, never as markup.
'use strict';

const byId = (id) => document.getElementById(id);

function el(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function setText(node, text) {
  const value = String(text ?? '');
  if (node.textContent !== value) node.textContent = value;
}

function setData(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}

function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === '') {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

// Makes the children of `parent` those of `items`, in order: `make(item)` for a new key,
// `update(child, item)` for all. Only children out of place are moved.
function keyed(parent, items, key, make, update) {
  const known = parent.keyedChildren ?? (parent.keyedChildren = new Map());
  const seen = new Set();
  let at = parent.firstElementChild;
  for (const item of items) {
    const id = key(item);
    if (seen.has(id)) continue;
    seen.add(id);
    let child = known.get(id);
    if (!child) {
      child = make(item);
      known.set(id, child);
    }
    update(child, item);
    if (child === at) {
      at = at.nextElementSibling;
    } else {
      insertKeepingFocus(parent, child, at);
    }
  }
  for (const [id, child] of known) {
    if (seen.has(id)) continue;
    child.remove();
    known.delete(id);
  }
}

// Moving an element in the document takes the focus from within it.
function insertKeepingFocus(parent, child, before) {
  const focused = document.activeElement;
  const inside = child.isConnected && focused && child.contains(focused);
  parent.insertBefore(child, before);
  if (inside) focused.focus({preventScroll: true});
}

const plural = (count, one, many) => `${formatCount(count)} ${count === 1 ? one : many ?? one + 's'}`;
const counts = new Intl.NumberFormat('en');
const formatCount = (value) => counts.format(value ?? 0);

function formatRate(value) {
  const rate = Number(value) || 0;
  return rate >= 100 ? formatCount(Math.round(rate)) : rate.toFixed(1);
}

function formatMillis(value) {
  if (value === null || value === undefined) return '–';
  return value >= 10000 ? `${(value / 1000).toFixed(1)} s` : `${formatCount(Math.round(value))} ms`;
}

const clockFormat = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const dayFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit'});

function formatTime(iso, withDay) {
  const time = new Date(iso);
  if (!iso || Number.isNaN(time.getTime())) return '–';
  return (withDay ? dayFormat : clockFormat).format(time);
}

// "42 s", "3 min", "2 h 10 min", "5 d 3 h".
function formatSpan(milliseconds) {
  const s = Math.max(0, Math.round(milliseconds / 1000));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min`;
  const h = Math.floor(m / 60);
  if (h < 24) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  return h % 24 ? `${Math.floor(h / 24)} d ${h % 24} h` : `${Math.floor(h / 24)} d`;
}

// By the server's clock, so that a wrong clock here does not show wrong spans.
function spanSince(iso, nowMs) {
  const at = Date.parse(iso ?? '');
  return Number.isNaN(at) ? '' : formatSpan(nowMs - at);
}

// Each node has a colour of its own, by its place in the sorted list; beats, rows and cards share it.
const nodeColours = new Map();
function learnNodes(ids) {
  for (const id of ids) {
    if (!nodeColours.has(id)) nodeColours.set(id, String(nodeColours.size % 8));
  }
}
const nodeColour = (id) => nodeColours.get(id ?? '') ?? '';
