// What happened: the cluster's events and the monitors' changes of state in one list, newest first.
// Many changes of one kind at one time are told as one line.
'use strict';

const FEED_LIMIT = 60;
const GROUP_FROM = 3;
const GROUP_SPAN_MS = 10000;
let feedKind = '';
let feedStarted = false;

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
  keyed(byId('feed'), entries, (e) => e.key, () => makeEvent(fresh), (item, e) => updateEvent(item, e, data.nowMs));
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
