// What happened to the cluster, and who did what: the audit log with its pages.
'use strict';

const EVENTS_KEPT = 200;
const LOG_PAGE = 20;
const KINDS = [
  ['All', null],
  ['Failovers', ['offline', 'failover', 'adoption']],
  ['Recoveries', ['recovering', 'online', 'recovery']],
  ['Moves', ['rebalancing', 'draining', 'drain']],
];
let events = [];       // newest first
let eventsWanted = null;
let eventsDrawn = false;
const log = {before: [0], rows: [], next: null, busy: false};  // before: where each page so far began

async function readEvents() {
  const answer = await read(`/lb/events?limit=${EVENTS_KEPT}&after=${events[0]?.id ?? 0}`);
  const fresh = answer.events.filter((e) => e.id > (events[0]?.id ?? 0)).reverse();
  events = [...fresh, ...events].slice(0, EVENTS_KEPT);
}

function drawHistory(nowMs) {
  const entries = events.filter((e) => !eventsWanted || eventsWanted.includes(e.kind)).map(eventEntry);
  const fresh = eventsDrawn;
  keyed(byId('history'), entries, (e) => e.key, () => makeEvent(fresh), (item, e) => updateEvent(item, e, nowMs));
  eventsDrawn = eventsDrawn || events.length > 0;
  setHidden(byId('history-empty'), entries.length > 0);
  setHidden(byId('history'), !entries.length);
}

function wireHistory(redraw) {
  const box = byId('history-filter');
  for (const [label, kinds] of KINDS) {
    const button = el('button', 'filter', label);
    button.type = 'button';
    button.setAttribute('aria-pressed', String(kinds === eventsWanted));
    button.addEventListener('click', () => {
      eventsWanted = kinds;
      eventsDrawn = false;
      for (const other of box.children) other.setAttribute('aria-pressed', String(other === button));
      redraw();
    });
    box.append(button);
  }
  byId('log-newest').addEventListener('click', () => turnLog([0]));
  byId('log-newer').addEventListener('click', () => turnLog(log.before.slice(0, -1)));
  byId('log-older').addEventListener('click', () => turnLog([...log.before, log.next]));
}

// While an older page is open it stays as it is.
const followsLog = () => log.before.length === 1;

async function readLog() {
  const from = log.before.at(-1);
  const answer = await read(`/lb/operations?limit=${LOG_PAGE}${from ? `&before=${from}` : ''}`);
  if (from !== log.before.at(-1)) return;
  log.rows = answer.operations;
  log.next = answer.next_before;
}

async function turnLog(before) {
  if (!before.length || before.at(-1) === null) return;
  log.before = before;
  try {
    await readLog();
    drawLog();
  } catch (problem) {
    say(problem.message, true);
  }
}

const RESULT_TONE = {done: 'up', refused: 'pending', failed: 'down'};
const LOG_CELLS = ['when', 'action', 'result', 'by', 'detail'];

function makeLogRow() {
  const row = el('tr', 'log-row');
  for (const name of LOG_CELLS) row.append(el('td', `log-${name}`));
  const [when, action, result, by] = row.children;
  when.append(el('time'));
  action.append(el('strong'), el('span'));
  result.append(el('span', 'tag'));
  by.append(el('span'), el('small'));
  row.lastChild.append(el('span'), el('small'));
  return row;
}

function updateLogRow(row, entry) {
  const [when, action, result, by, detail] = row.children;
  setText(when.firstChild, formatTime(entry.time, true));
  setAttribute(when.firstChild, 'datetime', entry.time);
  setText(action.firstChild, entry.action);
  setText(action.lastChild, entry.target);
  setText(result.firstChild, entry.result);
  setData(result.firstChild, 'tone', RESULT_TONE[entry.result] ?? 'plain');
  setText(by.firstChild, entry.actor);
  setText(by.lastChild, entry.address === 'unix' ? 'on this machine' : entry.address);
  setText(detail.firstChild, entry.detail);
  setText(detail.lastChild, entry.reason ? `“${entry.reason}”` : '');
}

function drawLog() {
  keyed(byId('log'), log.rows, (o) => o.id, makeLogRow, updateLogRow);
  setHidden(byId('log-card'), !log.rows.length);
  setHidden(byId('log-empty'), log.rows.length > 0);
  setHidden(byId('log-pager'), followsLog() && log.next === null);
  setText(byId('log-page'), `Page ${log.before.length}`);
  byId('log-newest').disabled = byId('log-newer').disabled = followsLog();
  byId('log-older').disabled = log.next === null;
  setText(byId('log-hint'), followsLog() ? '' : 'an older page: it does not update');
}
