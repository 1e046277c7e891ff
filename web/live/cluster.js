// The header, which tells the cluster's state in one glance, and the cards of the nodes.
'use strict';

const NODE_STATUS = {
  online: 'online', offline: 'offline', recovering: 'recovering', draining: 'draining', unknown: 'not checked yet'};

// What is wrong first decides: {level: good|warn|bad|lost, title, detail}.
function describeState(data, link) {
  if (link.lost) {
    const last = link.lastGood ? `Last data from ${formatTime(link.lastGood)}` : 'No data yet';
    return {level: 'lost', title: 'Connection lost', detail: [link.reason, last, `trying again in ${link.retryIn} s`].filter(Boolean).join(' · ')};
  }
  if (!data) return {level: 'loading', title: 'Connecting…', detail: ''};
  const nodes = data.nodes ?? [];
  const offline = nodes.filter((n) => n.status === 'offline');
  const online = nodes.filter((n) => n.status === 'online' || n.status === 'draining');
  const uneasy = nodes.filter((n) => n.status === 'recovering' || n.status === 'draining');
  if (!data.database.reachable) {
    return {level: 'bad', title: 'The database is away',
            detail: 'Nodes go on checking and write their beats when it is back' +
                    (data.database.error ? ` · ${data.database.error}` : '')};
  }
  if (!nodes.length) return {level: 'warn', title: 'Waiting for the first node', detail: ''};
  if (offline.length && !online.length) {
    return {level: 'bad', title: 'No node is online', detail: 'Nothing is being checked until one returns'};
  }
  if (offline.length) return describeOffline(offline, data.nowMs);
  return describeHealthy(data, uneasy);
}

function describeOffline(offline, nowMs) {
  const left = offline.reduce((sum, n) => sum + (n.monitor_count ?? 0), 0);
  const away = offline.reduce((sum, n) => sum + (n.moved_out ?? 0), 0);
  const title = offline.length === 1 ? `${nodeName(offline[0])} is down` : `${offline.length} nodes are down`;
  const parts = [`for ${spanSince(offline[0].since, nowMs) || '0 s'}`];
  if (away) parts.push(`${plural(away, 'monitor')} run elsewhere`);
  if (left) parts.push(`${plural(left, 'monitor')} still to move`);
  return {level: 'bad', title, detail: parts.join(' · ')};
}

function describeHealthy(data, uneasy) {
  const c = data.cluster;
  if (uneasy.length) {
    const names = uneasy.map((n) => `${nodeName(n)} is ${NODE_STATUS[n.status]}`).join(', ');
    return {level: 'warn', title: names, detail: 'Its monitors run on the other nodes meanwhile'};
  }
  const rest = [];
  if (c.pending) rest.push(`${formatCount(c.pending)} pending`);
  if (c.unknown) rest.push(`${formatCount(c.unknown)} not checked yet`);
  if (c.down) {
    return {level: 'warn', title: `${plural(c.down, 'monitor is', 'monitors are')} down`,
            detail: ['Every node is online', ...rest].join(' · ')};
  }
  if (!c.monitors) return {level: 'good', title: 'All is well', detail: 'Every node is online and has room'};
  return {level: 'good', title: 'All is well',
          detail: ['Every node is online', ...(rest.length ? rest : ['every monitor answers'])].join(' · ')};
}

function describeLeader(data) {
  const {holder, is_self: here} = data.leader ?? {};
  return [here ? '' : data.self, holder ? `${holder} leads` : 'no leader'].filter(Boolean).join(' · ');
}

const nodeName = (node) => node.name || node.node_id;

function drawHeader(data, link) {
  const state = describeState(data, link);
  setData(byId('top'), 'state', state.level);
  setText(byId('state-title'), state.title);
  setText(byId('state-detail'), state.detail);
  setData(byId('page'), 'stale', link.lost ? 'yes' : 'no');
  const mark = {bad: '▲ ', warn: '△ ', lost: '× '}[state.level] ?? '';
  const title = `${mark}${state.title} – Higuma`;
  if (document.title !== title) document.title = title;
  if (!data) return;
  const c = data.cluster;
  setText(byId('where'), [describeLeader(data), data.version && `v${data.version}`].filter(Boolean).join(' · '));
  setAttribute(byId('where'), 'title', [data.self && `gateway ${data.self}`, `leader's term ${data.leader?.term ?? '–'}`].filter(Boolean).join(', '));
  drawFigures([
    {key: 'nodes', label: 'nodes online', value: `${formatCount(c.online)}/${formatCount(c.nodes)}`},
    {key: 'up', label: 'monitors up', value: formatCount(c.up), status: 'up'},
    {key: 'down', label: 'down', value: formatCount(c.down), status: c.down ? 'down' : ''},
    {key: 'rate', label: 'checks/s', value: formatRate(c.checks_per_second)},
  ]);
}

function drawFigures(figures) {
  keyed(byId('figures'), figures, (f) => f.key, () => {
    const box = el('div', 'figure');
    box.append(el('dt'), el('dd'));
    return box;
  }, (box, f) => {
    setText(box.firstChild, f.label);
    setText(box.lastChild, f.value);
    setData(box, 'status', f.status ?? '');
  });
}

function makeNodeCard(node) {
  const card = el('li', 'card node');
  const head = el('div', 'node-head');
  const name = el('h3', 'node-name');
  const show = el('button', 'link node-show');
  show.type = 'button';
  show.addEventListener('click', () => filterByNode(card.dataset.node));
  name.append(show);
  head.append(el('span', 'node-swatch'), name, el('span', 'badge primary', 'primary'), el('span', 'node-status'));
  const meter = el('div', 'meter');
  meter.setAttribute('role', 'meter');
  meter.setAttribute('aria-valuemin', '0');
  meter.append(el('span', 'meter-fill'));
  const load = el('p', 'node-load');
  load.append(el('strong'), el('span'), el('span', 'node-rate'));
  card.append(head, el('p', 'node-since'), load, meter, el('p', 'node-moves'), el('p', 'node-error'));
  card.dataset.node = node.node_id;
  return card;
}

function updateNodeCard(card, node, nowMs) {
  const part = (name) => card.querySelector(`.${name}`);
  setData(card, 'status', node.status);
  setData(card, 'colour', nodeColour(node.node_id));
  const show = part('node-show');
  setText(show, nodeName(node));
  setAttribute(show, 'title', `Show the monitors that ${nodeName(node)} runs`);
  setHidden(part('primary'), !node.is_primary);
  setText(part('node-status'), NODE_STATUS[node.status] ?? node.status);
  const since = node.since ? `for ${spanSince(node.since, nowMs)}` : '';
  setText(part('node-since'), [since, node.host].filter(Boolean).join(' · '));
  drawLoad(card, node);
  const moves = [];
  if (node.moved_in) moves.push(`↓ ${plural(node.moved_in, 'guest')} from other nodes`);
  if (node.moved_out) moves.push(`↑ ${formatCount(node.moved_out)} of its own elsewhere`);
  setText(part('node-moves'), moves.join('  ·  ') || (node.monitor_count ? 'Only its own monitors' : 'No monitors'));
  setText(part('node-error'), nodeTrouble(node, nowMs));
  setHidden(part('node-error'), !part('node-error').textContent);
}

function drawLoad(card, node) {
  const load = card.querySelector('.node-load');
  setText(load.children[0], formatCount(node.monitor_count));
  setText(load.children[1], node.limit ? ` of ${formatCount(node.limit)} monitors` : ' monitors');
  setText(load.children[2], `${formatRate(node.checks_per_second)} checks/s`);
  const meter = card.querySelector('.meter');
  const percent = node.limit ? (100 * node.monitor_count) / node.limit : 0;
  setAttribute(meter, 'aria-valuenow', node.monitor_count);
  setAttribute(meter, 'aria-valuemax', Math.max(node.limit ?? 0, node.monitor_count, 1));
  setAttribute(meter, 'aria-label', `Monitors of ${nodeName(node)}, with room for ${node.limit}`);
  setData(meter, 'level', percent > 100 ? 'over' : percent > 85 ? 'high' : 'fine');
  const width = `${Math.min(100, percent).toFixed(1)}%`;
  if (meter.firstChild.style.width !== width) meter.firstChild.style.width = width;
}

function nodeTrouble(node, nowMs) {
  const parts = [];
  if (node.status !== 'online' || node.consecutive_failures) {
    if (node.consecutive_failures) parts.push(`${plural(node.consecutive_failures, 'failed check')} in a row`);
    if (node.last_error) parts.push(node.last_error);
  }
  if (node.held_until && Date.parse(node.held_until) > nowMs) {
    parts.push(`flapping: held back until ${formatTime(node.held_until)}`);
  }
  return parts.join(' · ');
}

function drawNodes(data) {
  const nodes = data.nodes ?? [];
  keyed(byId('nodes'), nodes, (n) => n.node_id, makeNodeCard, (card, n) => updateNodeCard(card, n, data.nowMs));
  setHidden(byId('nodes-empty'), nodes.length > 0);
  setText(byId('nodes-hint'), data.database.reachable ? '' : 'as the controller sees them, without the database');
}
