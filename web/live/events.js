// What the cluster's events say to people, and the line that shows one.
'use strict';

const moved = (e) => (e.monitors ? plural(e.monitors, 'monitor') : 'Monitors');
const took = (e) => (e.took_ms ? ` in ${formatMillis(e.took_ms)}` : '');
const EVENT_TITLE = {
  offline: (e) => `${e.node_id} is offline`,
  failover: (e) => `${moved(e)} of ${e.node_id} moved${took(e)}`,
  recovering: (e) => `${e.node_id} answers again`,
  online: (e) => `${e.node_id} is online`,
  recovery: (e) => `${moved(e)} of ${e.node_id} went home${took(e)}`,
  draining: (e) => `${e.node_id} is draining`,
  drain: (e) => `${moved(e)} left ${e.node_id}${took(e)}`,
  adoption: (e) => `${moved(e)} found a node${took(e)}`,
  rebalancing: (e) => `Rebalanced: ${plural(e.monitors ?? 0, 'monitor')} moved${took(e)}`,
  leader: (e) => `${e.node_id || 'A gateway'} leads`,
};
const EVENT_TONE = {
  offline: 'down', failover: 'pending', recovering: 'pending', online: 'up', recovery: 'up', adoption: 'up',
  draining: 'pending', drain: 'pending', rebalancing: 'maintenance'};

function eventEntry(e) {
  const title = (EVENT_TITLE[e.kind] ?? (() => [e.kind, e.node_id].filter(Boolean).join(': ')))(e);
  return {key: `e${e.id}`, time: e.time, kind: 'cluster', title, detail: e.detail === title ? '' : e.detail, tone: EVENT_TONE[e.kind] ?? 'plain'};
}

function makeEvent(fresh) {
  const item = el('li', fresh ? 'event new' : 'event');
  const text = el('div', 'event-text');
  text.append(el('p', 'event-title'), el('p', 'event-detail'));
  item.append(el('span', 'event-dot'), text, el('time', 'event-time'));
  return item;
}

function updateEvent(item, e, nowMs) {
  setData(item, 'tone', e.tone);
  setText(item.querySelector('.event-title'), e.title);
  setText(item.querySelector('.event-detail'), e.detail);
  setHidden(item.querySelector('.event-detail'), !e.detail);
  const time = item.querySelector('.event-time');
  const ago = nowMs - Date.parse(e.time);
  setText(time, ago < 3600000 ? (ago < 2000 ? 'now' : `${formatSpan(ago)} ago`) : formatTime(e.time, ago > 43200000));
  setAttribute(time, 'datetime', e.time);
  setAttribute(time, 'title', formatTime(e.time, true));
}
