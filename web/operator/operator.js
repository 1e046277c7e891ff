// Asks for the cluster's state every two seconds and draws what changed. It backs off while nobody
// answers, and rests while the tab is hidden.
'use strict';

const POLL_MS = 2000;
const SLOW_EVERY = 3;  // of the polls: what changes seldom and costs the database something
const BACK_OFF_MAX_S = 15;

const link = {lost: false, lastGood: '', retryIn: 0, failures: 0, reason: ''};
let shown = null;  // the last complete picture; what could not be read is from before
let shownAt = 0;
let fixedNode = '';
let timer = 0;
let polling = false;
let polls = 0;

// The parts of the picture: without the first there is none.
const PARTS = {
  live: '/lb/live?limit=1',
  system: '/api/system-status',
  balancer: '/api/load-balancer-status',
  balance: '/api/rebalancing-status',
};
const PART_WORD = {system: 'Details of the nodes', balancer: 'Figures of the traffic', balance: 'The rebalancing',
                   events: 'What happened', log: 'The audit log'};

async function poll() {
  if (document.hidden || polling) return;
  polling = true;
  clearTimeout(timer);
  try {
    await pollParts();
  } catch (problem) {
    failed(problem);
  }
  polling = false;
  timer = setTimeout(poll, link.failures ? link.retryIn * 1000 : POLL_MS);
}

async function pollParts() {
  const slow = polls++ % SLOW_EVERY === 0;
  const asked = Object.entries(PARTS).map(([name, path]) => [name, read(path)]);
  if (slow) asked.push(['events', readEvents()], ['log', followsLog() ? readLog() : null]);
  const answers = await Promise.allSettled(asked.map(([, answer]) => answer));
  if (answers[0].status === 'rejected') throw answers[0].reason;
  const picture = {...shown?.parts}, trouble = slow ? {} : {...shown?.trouble};
  answers.forEach((answer, i) => {
    const name = asked[i][0];
    delete trouble[name];
    if (answer.status === 'fulfilled') picture[name] = answer.value;
    else if (answer.reason instanceof Problem) trouble[name] = `${PART_WORD[name]} could not be read: ${answer.reason.message}`;
    else console.error(answer.reason);
  });
  arrived(picture, trouble);
}

function arrived(parts, trouble) {
  shownAt = performance.now();
  // One line is enough while the database is away.
  const quiet = parts.live.database.reachable ? trouble : {};
  shown = {...parts.live, parts, trouble: quiet, balancer: parts.balancer, unplaced: parts.system?.cluster.monitors_unplaced ?? 0};
  shown.nodes = mergeNodes(parts);
  Object.assign(link, {lost: false, failures: 0, retryIn: 0, reason: '', lastGood: shown.timestamp});
  learnNodes(shown.nodes.map((n) => n.node_id));
  draw();
}

// What three endpoints say of a node, as one.
function mergeNodes(parts) {
  const rows = new Map((parts.system?.health.nodes ?? []).map((n) => [n.node_id, n]));
  const loads = new Map((parts.balancer?.nodes ?? []).map((n) => [n.node_id, n]));
  const forced = parts.balancer?.routing.forced_node ?? '';
  return (parts.live.nodes ?? []).map((n) => ({
    ...rows.get(n.node_id), ...n, traffic: loads.get(n.node_id)?.traffic ?? null, weight: loads.get(n.node_id)?.weight,
    forced: n.node_id === forced, mine: n.node_id === fixedNode}));
}

function failed(problem) {
  if (!(problem instanceof Problem)) console.error(problem);
  link.failures += 1;
  link.retryIn = Math.max(Math.min(BACK_OFF_MAX_S, 2 ** link.failures), Math.min(60, problem.retryAfter || 0));
  link.reason = problem.message;
  link.lost = link.failures > 1 || !shown;
  drawHeader(withNow(), link);
}

// The server's time now, from its last answer and our monotonic clock.
function withNow() {
  if (shown) shown.nowMs = Date.parse(shown.timestamp) + (performance.now() - shownAt);
  return shown;
}

function draw() {
  const data = withNow();
  if (!data) return;
  drawHeader(data, link);
  drawBanners(data);
  drawOperatorNodes(data);
  drawBalance(data.parts.balance, data.nowMs);
  drawTraffic(data.balancer, shownAt);
  drawGateways(data.parts.system, data.nowMs);
  drawHistory(data.nowMs);
  drawLog();
  setHidden(byId('do-let-go'), !fixedNode);
}

// After an action: everything, as soon as the poll under way is done.
function refresh() {
  polls = 0;
  clearTimeout(timer);
  timer = setTimeout(poll, polling ? 300 : 0);
}

async function readFixedNode() {
  const status = await read('/lb/fixed-node-status');
  fixedNode = status.has_fixed_node ? status.current_node ?? '' : '';
  if (shown) {
    shown.nodes = mergeNodes(shown.parts);
    draw();
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else refresh();
});
window.addEventListener('online', refresh);

wireDialogs();
wireControls();
wireHistory(draw);
readFixedNode().catch(() => {});  // the poll tells of what is wrong
poll();
