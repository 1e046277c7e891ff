// A card for each node: state, load, traffic, marks of what is special now, and its buttons.
'use strict';

// One row of facts and what becomes of it on the card; a mark without words is not shown.
const MARKS = [
  {tone: 'pending', words: (n) => n.forced ? 'all requests go here' : ''},
  {tone: 'down', words: (n) => n.traffic?.ejected ? 'ejected after failed requests' : ''},
  {tone: 'pending', words: (n, now) => n.held_until && Date.parse(n.held_until) > now
      ? `held back for ${formatSpan(Date.parse(n.held_until) - now)}` : ''},
  {tone: 'pending', words: (n) => drainWords(n)},
  {tone: 'maintenance', words: (n) => n.status === 'online' && n.slow_start_percent < 100
      ? `slow start: ${n.slow_start_percent} %` : ''},
  {tone: 'plain', words: (n) => n.pinned ? `${formatCount(n.pinned)} pinned` : ''},
  {tone: 'plain', words: (n) => n.weight !== undefined && n.weight !== 100 ? `weight ${n.weight} %` : ''},
  {tone: 'maintenance', words: (n) => n.mine ? 'this browser stays here' : ''},
];

function drainWords(node) {
  if (!node.draining) return '';
  const left = Math.max(0, (node.monitor_count ?? 0) - (node.pinned ?? 0));
  const to = node.drain_target ? ` to ${node.drain_target}` : '';
  return left ? `draining${to}: ${formatCount(left)} left` : 'drained: empty';
}

const NODE_FACTS = [
  {label: 'in flight', value: (n) => n.traffic ? formatCount(n.traffic.in_flight) : '–'},
  {label: 'sessions', value: (n) => n.traffic ? formatCount(n.traffic.sessions) : '–'},
  {label: 'load', value: (n) => n.load === undefined ? '–' : formatRate(n.load)},
  {label: 'own figure', value: (n) => n.announced_load === null || n.announced_load === undefined
      ? '–' : `${Math.round(100 * n.announced_load)} %`, title: 'How busy the node says that it is'},
];

function makeOperatorCard() {
  const card = el('li', 'card node');
  const head = el('div', 'node-head');
  head.append(el('span', 'node-swatch'), el('h3', 'node-name'), el('span', 'badge primary', 'primary'),
              el('span', 'node-status'));
  const load = el('p', 'node-load');
  load.append(el('strong'), el('span'), el('span', 'node-rate'));
  const meter = el('div', 'meter');
  meter.setAttribute('role', 'meter');
  meter.setAttribute('aria-valuemin', '0');
  meter.append(el('span', 'meter-fill'));
  const buttons = el('div', 'buttons');
  for (const [name, run] of [['drain', drainOrUndrain], ['force', forceOrRestore], ['stay', stayOrLeave]]) {
    const button = el('button', `button small-button do-${name}`);
    button.type = 'button';
    button.addEventListener('click', () => run(card.nodeShown, button));
    buttons.append(button);
  }
  card.append(head, el('p', 'node-since'), load, meter, el('p', 'node-moves'), el('dl', 'node-facts'),
              el('ul', 'marks'), el('p', 'node-error'), buttons);
  return card;
}

function updateOperatorCard(card, node, nowMs) {
  const part = (name) => card.querySelector(`.${name}`);
  card.nodeShown = node;
  setData(card, 'node', node.node_id);
  setData(card, 'status', node.status);
  setData(card, 'colour', nodeColour(node.node_id));
  setText(part('node-name'), nodeName(node));
  setAttribute(part('node-name'), 'title', node.node_id);
  setHidden(part('primary'), !node.is_primary);
  setText(part('node-status'), NODE_STATUS[node.status] ?? node.status);
  const since = node.since ? `for ${spanSince(node.since, nowMs)}` : '';
  setText(part('node-since'), [since, node.host, node.version && `v${node.version}`].filter(Boolean).join(' · '));
  drawLoad(card, node);
  const moves = [node.moved_in && `↓ ${plural(node.moved_in, 'guest')}`, node.moved_out && `↑ ${formatCount(node.moved_out)} elsewhere`];
  setText(part('node-moves'), moves.filter(Boolean).join('  ·  ') || (node.monitor_count ? 'Only its own monitors' : 'No monitors'));
  drawFacts(part('node-facts'), NODE_FACTS.map((f) => ({label: f.label, title: f.title, value: f.value(node)})));
  const marks = MARKS.map((m) => ({tone: m.tone, words: m.words(node, nowMs)})).filter((m) => m.words);
  keyed(part('marks'), marks, (m) => m.words.replace(/\d+/g, '#'), () => el('li', 'mark'), (item, m) => {
    setText(item, m.words);
    setData(item, 'tone', m.tone);
  });
  setText(part('node-error'), nodeTrouble({...node, held_until: null}, nowMs));
  setHidden(part('node-error'), !part('node-error').textContent);
  drawNodeButtons(card, node);
}

function drawNodeButtons(card, node) {
  const words = {drain: node.draining ? 'Undrain…' : 'Drain…', force: node.forced ? 'Restore…' : 'Send all here…',
                 stay: node.mine ? 'Leave' : 'Stay here'};
  const whole = {drain: node.draining ? 'Undrain' : 'Drain', force: node.forced ? 'Restore ordinary routing from' : 'Send all requests to',
                 stay: node.mine ? 'Let the balancer choose for this browser instead of' : 'Keep this browser on'};
  for (const name of Object.keys(words)) {
    const button = card.querySelector(`.do-${name}`);
    setText(button, words[name]);
    for (const attribute of ['aria-label', 'title']) setAttribute(button, attribute, `${whole[name]} ${nodeName(node)}`);
  }
  const away = node.status !== 'online';
  setHidden(card.querySelector('.do-force'), away && !node.forced);
  setHidden(card.querySelector('.do-stay'), away && !node.mine);
}

function drawFacts(list, facts) {
  keyed(list, facts, (f) => f.label, () => {
    const box = el('div', 'fact');
    box.append(el('dt'), el('dd'));
    return box;
  }, (box, f) => {
    setText(box.firstChild, f.label);
    setText(box.lastChild, f.value);
    setAttribute(box, 'title', f.title);
  });
}

function drawOperatorNodes(data) {
  keyed(byId('nodes'), data.nodes, (n) => n.node_id, makeOperatorCard, (card, n) => updateOperatorCard(card, n, data.nowMs));
  setHidden(byId('nodes-empty'), data.nodes.length > 0);
  const known = data.database.reachable ? '' : 'as the controller sees them, without the database';
  setText(byId('nodes-hint'), known || (data.balancer ? `requests by ${data.balancer.algorithm.replace('_', ' ')}` : ''));
}

function drawBanners(data) {
  const routing = data.balancer?.routing;
  const banners = [];
  if (routing?.forced_node) {
    const serves = routing.forced_node_online;
    banners.push({key: 'forced', tone: serves ? 'pending' : 'plain',
                  words: serves ? `All requests go to ${routing.forced_node}.`
                                : `Requests are to go to ${routing.forced_node}, which is not online: they go as usual.`,
                  button: 'Restore ordinary routing', run: () => forceOrRestore({node_id: routing.forced_node, forced: true})});
  }
  if (data.unplaced) {
    banners.push({key: 'unplaced', tone: 'down', words: `${plural(data.unplaced, 'monitor has', 'monitors have')} no node to run on.`});
  }
  for (const [key, words] of Object.entries(data.trouble)) banners.push({key, tone: 'plain', words});
  keyed(byId('banners'), banners, (b) => b.key, () => {
    const box = el('div', 'banner');
    const button = el('button', 'button small-button');
    button.type = 'button';
    button.addEventListener('click', () => box.run());
    box.append(el('p'), button);
    return box;
  }, (box, b) => {
    box.run = b.run;
    setData(box, 'tone', b.tone);
    setData(box, 'kind', b.key);
    setText(box.firstChild, b.words);
    setText(box.lastChild, b.button);
    setHidden(box.lastChild, !b.button);
  });
}
