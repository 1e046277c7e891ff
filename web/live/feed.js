// What happened: the cluster's events and the monitors' changes of state in one list, newest first.
// Many changes of one kind at one time are told as one line.
'use strict';

const FEED_LIMIT = 60;
const GROUP_FROM = 3;
const GROUP_SPAN_MS = 10000;
let feedKind = '';
let feedStarted = false;

const moved = (e) => (e.monitors ? plural(e.monitors, 'monitor') : 'Monitors');
const took = (e) => (e.took_ms ? ` in ${formatMillis(e.took_ms)}` : '');
const EVENT_TITLE = {
  offline: (e) => `${e.node_id} is offline`,
  failover: (e) => `${moved(e)} of ${e.node_id} moved${took(e)}`,
  recovering: (e) => `${e.node_id} answers again`,
  online: (e) => `${e.node_id} is online`,
  recovery: (e) => `${moved(e)} of ${e.node_id} went home${took(e)}`,
  draining: (e) => `${e.node_id} is draining`,
  adopted: (e) => `${moved(e)} found a node${took(e)}`,
  leader: (e) => `${e.node_id || 'A gateway'} leads`,
};
const EVENT_TONE = {offline: 'down', failover: 'pending', recovering: 'pending', online: 'up', recovery: 'up', adopted: 'up'};

function eventEntry(e) {
  const title = (EVENT_TITLE[e.kind] ?? (() => [e.kind, e.node_id].filter(Boolean).join(': ')))(e);
  return {key: `e${e.id}`, time: e.time, kind: 'cluster', title, detail: e.detail, tone: EVENT_TONE[e.kind] ?? 'plain'};
}

function changeEntry(list) {
  const [c] = list;
  const tone = STATUS_WORD[c.status] ? c.status : 'plain';
  const word = c.status === 'maintenance' ? 'in maintenance' : (STATUS_WORD[c.status] ?? c.status).toLowerCase();
  const oldest = list[list.length - 1];
  if (list.length < GROUP_FROM) {
    return list.map((one) => ({key: `m${one.id}`, time: one.time, kind: 'monitors', title: `${one.name} is ${word}`,
                               detail: [one.msg, one.node_id].filter(Boolean).join(' · '), tone}));
  }
  const names = list.slice(0, 4).map((one) => one.name).join(', ');
  return [{key: `g${oldest.id}`, time: c.time, kind: 'monitors', title: `${formatCount(list.length)} monitors are ${word}`,
           detail: list.length > 4 ? `${names} and ${formatCount(list.length - 4)} more` : names, tone}];
}

// Changes to one status within ten seconds become one group.
function groupChanges(changes) {
  const groups = [];
  for (const change of changes) {
    const near = groups.find((g) => g[0].status === change.status &&
                                    Date.parse(g[0].time) - Date.parse(change.time) < GROUP_SPAN_MS);
    if (near) near.push(change);
    else groups.push([change]);
  }
  return groups.flatMap(changeEntry);
}

function drawFeed(data) {
  const entries = [...(data.events ?? []).map(eventEntry), ...groupChanges(data.changes ?? [])]
                      .filter((entry) => !feedKind || entry.kind === feedKind)
                      .sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0))
                      .slice(0, FEED_LIMIT);
  const fresh = feedStarted;
  keyed(byId('feed'), entries, (e) => e.key, () => {
    const item = el('li', fresh ? 'event new' : 'event');
    const text = el('div', 'event-text');
    text.append(el('p', 'event-title'), el('p', 'event-detail'));
    item.append(el('span', 'event-dot'), text, el('time', 'event-time'));
    return item;
  }, (item, e) => {
    setData(item, 'tone', e.tone);
    setText(item.querySelector('.event-title'), e.title);
    setText(item.querySelector('.event-detail'), e.detail);
    setHidden(item.querySelector('.event-detail'), !e.detail);
    const time = item.querySelector('.event-time');
    const ago = data.nowMs - Date.parse(e.time);
    setText(time, ago < 3600000 ? (ago < 2000 ? 'now' : `${formatSpan(ago)} ago`) : formatTime(e.time, ago > 43200000));
    setAttribute(time, 'datetime', e.time);
    setAttribute(time, 'title', formatTime(e.time, true));
  });
  feedStarted = true;
  setHidden(byId('feed-empty'), entries.length > 0);
  setHidden(byId('feed'), entries.length === 0);
}

function wireFeed(redraw) {
  const kinds = [['', 'All'], ['cluster', 'Cluster'], ['monitors', 'Monitors']];
  const box = byId('feed-filter');
  for (const [kind, label] of kinds) {
    const button = el('button', 'filter', label);
    button.type = 'button';
    button.setAttribute('aria-pressed', String(kind === feedKind));
    button.addEventListener('click', () => {
      feedKind = kind;
      feedStarted = false;
      for (const other of box.children) other.setAttribute('aria-pressed', String(other === button));
      redraw();
    });
    box.append(button);
  }
}
