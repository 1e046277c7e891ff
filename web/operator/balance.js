// The running or last rebalancing, what nginx counted, and the gateways.
'use strict';

const BALANCE_WORD = {idle: 'none yet', requested: 'asked for', running: 'running', done: 'done', failed: 'failed'};
const BALANCE_TONE = {requested: 'pending', running: 'maintenance', done: 'up', failed: 'down'};
const RULE_WORD = {
  'load-balancer': 'by load', 'fixed-node': 'fixed by a cookie', 'monitor-owner': 'to a monitor’s node',
  session: 'to a session’s node', setup: 'set-up', forced: 'forced', hash: 'by hash'};

function drawBalance(b, nowMs) {
  if (!b) return;
  setText(byId('balance-state'), BALANCE_WORD[b.state] ?? b.state);
  setData(byId('balance-state'), 'tone', BALANCE_TONE[b.state] ?? 'plain');
  const handled = b.done + b.failed;
  const bar = byId('balance-bar');
  setHidden(bar, b.state === 'idle');
  setAttribute(bar, 'aria-valuemax', Math.max(1, b.planned));
  setAttribute(bar, 'aria-valuenow', Math.min(handled, Math.max(1, b.planned)));
  setData(bar, 'tone', b.running ? 'going' : BALANCE_TONE[b.state] ?? 'plain');
  const width = `${b.planned ? Math.min(100, (100 * handled) / b.planned).toFixed(1) : b.state === 'done' ? 100 : 0}%`;
  if (bar.firstElementChild.style.width !== width) bar.firstElementChild.style.width = width;
  setText(byId('balance-line'), balanceWords(b, nowMs));
  drawFacts(byId('balance-facts'), balanceFacts(b));
  setHidden(byId('balance-facts'), b.state === 'idle');
  for (const id of ['do-rebalance', 'do-redistribute']) byId(id).disabled = b.running;
}

function balanceWords(b, nowMs) {
  if (b.state === 'idle') return 'Nobody has asked for one. Load is even when nothing is worth moving.';
  const what = b.kind === 'all' ? 'Everything' : 'The fewest moves';
  const counts = `${formatCount(b.done)} of ${plural(b.planned, 'monitor')} moved${b.failed ? `, ${formatCount(b.failed)} left where they were` : ''}`;
  const at = b.finished ?? b.started ?? b.requested;
  const when = at ? `${b.finished ? 'ended' : b.started ? 'began' : 'asked for'} ${spanSince(at, nowMs) || '0 s'} ago` : '';
  const by = b.actor ? `by ${b.actor}` : '';
  return [`${what}: ${counts}`, [when, by].filter(Boolean).join(' '), b.error && (b.running ? `waits: ${b.error}` : b.error)]
      .filter(Boolean).join(' · ');
}

function balanceFacts(b) {
  const ratio = (value) => (value ? value.toFixed(2) : '–');
  return [
    {label: 'busiest / mean', value: `${ratio(b.figures.max_over_mean_before)} → ${ratio(b.figures.max_over_mean_after)}`,
     title: 'Before, and after the plan'},
    {label: 'mean load', value: formatRate(b.figures.mean_load)},
    {label: 'may move', value: formatCount(b.figures.movable)},
  ];
}

// Counters as rates: the growth since the last look at them.
let ruleCounts = null;

function drawTraffic(balancer, at) {
  if (!balancer) return;
  const counts = balancer.requests_by_rule;
  setText(byId('traffic-line'), counts ? tableWords(balancer) : balancer.nginx_error ?? 'No counters.');
  const span = ruleCounts && at > ruleCounts.at ? (at - ruleCounts.at) / 1000 : 0;
  const rates = Object.entries(counts ?? {}).map(([rule, total]) => ({
    rule, total, rate: span ? Math.max(0, total - (ruleCounts.counts[rule] ?? total)) / span : 0}));
  const sum = rates.reduce((all, r) => all + r.total, 0);
  setText(byId('traffic-hint'), counts ? `${formatRate(rates.reduce((all, r) => all + r.rate, 0))}/s` : '');
  keyed(byId('rules'), rates.filter((r) => r.total).sort((a, b) => b.total - a.total), (r) => r.rule, () => {
    const item = el('li', 'rule');
    const bar = el('span', 'rule-bar');
    bar.append(el('span', 'rule-fill'));
    item.append(el('span', 'rule-name'), el('span', 'rule-count'), bar);
    return item;
  }, (item, r) => {
    setText(item.children[0], RULE_WORD[r.rule] ?? r.rule);
    setText(item.children[1], `${formatCount(r.total)} · ${formatRate(r.rate)}/s`);
    item.children[2].firstChild.style.width = `${((100 * r.total) / Math.max(1, sum)).toFixed(1)}%`;
  });
  if (counts && (!ruleCounts || at > ruleCounts.at)) ruleCounts = {counts, at};
}

function tableWords(balancer) {
  if (balancer.table?.stale) return 'nginx routes by an old table: the controller does not write it.';
  return Object.values(balancer.requests_by_rule).some(Boolean) ? '' : 'No request yet.';
}

function drawGateways(system, nowMs) {
  if (!system) return;
  const gateways = system.gateways ?? [];
  keyed(byId('gateways'), gateways, (g) => g.id, () => {
    const item = el('li', 'gateway');
    const marks = el('span', 'gateway-marks');
    marks.append(el('span', 'tag leads', 'leads'), el('span', 'badge here', 'this one'));
    item.append(el('strong'), marks, el('span', 'gateway-line'));
    return item;
  }, (item, g) => {
    setText(item.querySelector('strong'), g.id);
    setHidden(item.querySelector('.leads'), !g.leads);
    setData(item.querySelector('.leads'), 'tone', 'up');
    setHidden(item.querySelector('.here'), !g.self);
    const seen = g.seen_lately ? `up ${spanSince(g.started, nowMs)}` : `not seen for ${spanSince(g.last_seen, nowMs)}`;
    setData(item, 'lost', g.seen_lately ? '' : 'yes');
    setText(item.querySelector('.gateway-line'), [g.address, g.version && `v${g.version}`, seen].filter(Boolean).join(' · '));
  });
  const {holder, term} = system.leader;
  setText(byId('gateways-line'), holder ? `Leader’s term ${term}` : 'No controller leads: nothing moves until one does.');
}
