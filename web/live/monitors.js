// The list of monitors: one page of them, problems first, with search, filters and paging. The server
// filters and sorts; here is only what is asked and what came back.
'use strict';

const PAGE_SIZE = 60;
const asked = {search: '', status: '', node: '', offset: 0};
const STATUS_WORD = {
  up: 'Up', down: 'Down', pending: 'Pending', maintenance: 'Maintenance', unknown: 'Not checked', paused: 'Paused'};
const FILTERS = [
  {status: '', label: 'All', count: (c) => c.monitors},
  {status: 'down', label: 'Down', count: (c) => c.down},
  {status: 'pending', label: 'Pending', count: (c) => c.pending},
  {status: 'maintenance', label: 'Maintenance', count: (c) => c.maintenance},
  {status: 'up', label: 'Up', count: (c) => c.up},
];

function queryString(beatsAfter) {
  const q = new URLSearchParams({limit: PAGE_SIZE});
  for (const name of ['search', 'status', 'node']) {
    if (asked[name]) q.set(name, asked[name]);
  }
  if (asked.offset) q.set('offset', asked.offset);
  if (beatsAfter) q.set('beats_after', beatsAfter);
  return q.toString();
}

function ask(change) {
  Object.assign(asked, {offset: 0}, change);
  remember();
  pollNow();
}

// The address keeps what is asked: a reload or a link shows the same.
function remember() {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value) q.set(name, value);
  }
  history.replaceState(null, '', q.size ? `?${q}` : location.pathname);
}

function recall() {
  const q = new URLSearchParams(location.search);
  asked.search = (q.get('search') ?? '').slice(0, 100);
  asked.node = q.get('node') ?? '';
  asked.status = FILTERS.some((f) => f.status === q.get('status')) ? q.get('status') : '';
  const offset = Number.parseInt(q.get('offset') ?? '0', 10);
  asked.offset = offset > 0 ? offset - (offset % PAGE_SIZE) : 0;
  byId('search').value = asked.search;
}

function filterByNode(node) {
  ask({node: asked.node === node ? '' : node, status: '', search: ''});
  byId('search').value = '';
  byId('monitors').scrollIntoView({block: 'start'});
}

function makeRow(item) {
  const row = el('li', 'row');
  const status = el('span', 'pill');
  const what = el('div', 'what');
  const target = el('p', 'target');
  target.append(el('span', 'type'), el('span', 'address'));
  what.append(el('p', 'name'), target);
  const where = el('div', 'ran');
  where.append(el('span', 'chip'), el('span', 'away'));
  row.append(status, what, makeBars(`Beats of ${item.name}`), el('span', 'ping'), where);
  return row;
}

function updateRow(row, item, nowMs) {
  const part = (name) => row.querySelector(`.${name}`);
  const status = item.active === false ? 'paused' : item.status ?? 'unknown';
  if (row.dataset.status && row.dataset.status !== status) flash(row);
  setData(row, 'status', status);
  setData(row, 'away', item.home_node_id && item.node_id !== item.home_node_id ? 'yes' : 'no');
  const pill = part('pill');
  setText(pill, STATUS_WORD[status] ?? status);
  const since = item.since ? `${STATUS_WORD[status] ?? status} for ${spanSince(item.since, nowMs)}` : '';
  setAttribute(pill, 'title', since);
  setText(part('name'), item.name || `Monitor ${item.id}`);
  setAttribute(part('name'), 'title', item.name);
  setText(part('type'), item.type);
  setText(part('address'), item.target);
  setAttribute(part('address'), 'title', item.target);
  drawBars(part('bars'), beatStore.get(item.id) ?? []);
  setText(part('ping'), status === 'up' && item.ping !== null ? formatMillis(item.ping) : since ? since.replace(/^.* for /, '') : '–');
  setAttribute(part('ping'), 'title', status === 'up' ? 'Time of the last check' : since);
  const chip = part('chip');
  setText(chip, item.node_id || 'no node');
  setData(chip, 'colour', nodeColour(item.node_id));
  const away = part('away');
  setText(away, row.dataset.away === 'yes' ? `home ${item.home_node_id}` : '');
  setAttribute(away, 'title', row.dataset.away === 'yes' ? `Belongs to ${item.home_node_id}, runs on ${item.node_id} for now` : '');
}

function flash(row) {
  row.classList.remove('flash');
  void row.offsetWidth;
  row.classList.add('flash');
}

function drawChips(cluster) {
  keyed(byId('chips'), FILTERS, (f) => f.status, (f) => {
    const chip = el('button', 'filter');
    chip.type = 'button';
    chip.append(el('span', 'filter-label', f.label), el('span', 'filter-count'));
    chip.addEventListener('click', () => ask({status: f.status}));
    return chip;
  }, (chip, f) => {
    setText(chip.lastChild, formatCount(f.count(cluster)));
    setData(chip, 'status', f.status);
    setAttribute(chip, 'aria-pressed', asked.status === f.status ? 'true' : 'false');
  });
}

function drawNodeFilter(nodes) {
  const select = byId('node-filter');
  const choices = [{node_id: '', name: 'Every node'}, ...nodes];
  if (asked.node && !nodes.some((n) => n.node_id === asked.node)) choices.push({node_id: asked.node});
  keyed(select, choices, (n) => n.node_id, (n) => {
    const option = el('option');
    option.value = n.node_id;
    return option;
  }, (option, n) => setText(option, nodeName(n)));
  if (select.value !== asked.node && document.activeElement !== select) select.value = asked.node;
}

function drawMonitors(data) {
  const list = data.monitors;
  const items = list.items ?? [];
  for (const item of items) mergeBeats(item.id, item.beats ?? []);
  forgetBeatsExcept(new Set(items.map((i) => i.id)));
  select0Options();
  drawChips(data.cluster);
  drawNodeFilter(data.nodes ?? []);
  keyed(byId('rows'), items, (i) => i.id, makeRow, (row, i) => updateRow(row, i, data.nowMs));
  keepTip();
  drawPager(list, items.length);
  const filtered = asked.search || asked.status || asked.node;
  const none = !list.loading && !list.total;
  setHidden(byId('teach-monitor'), !(none && !filtered && data.database.reachable));
  setHidden(byId('none-match'), !(none && filtered));
  setHidden(byId('tools'), none && !filtered);
  setHidden(byId('rows'), !items.length);
}

// The option that the document came with is replaced by a keyed one.
function select0Options() {
  const select = byId('node-filter');
  if (!select.keyedChildren) select.replaceChildren();
}

function drawPager(list, shown) {
  const pages = Math.max(1, Math.ceil(list.total / PAGE_SIZE));
  const page = Math.min(pages, Math.floor(list.offset / PAGE_SIZE) + 1);
  setHidden(byId('pager'), pages < 2);
  setText(byId('page-of'), `Page ${formatCount(page)} of ${formatCount(pages)}`);
  for (const id of ['first', 'previous']) byId(id).disabled = page <= 1;
  for (const id of ['next', 'last']) byId(id).disabled = page >= pages;
  byId('last').dataset.offset = (pages - 1) * PAGE_SIZE;
  const range = shown ? `${formatCount(list.offset + 1)}–${formatCount(list.offset + shown)} of ${formatCount(list.total)}` : '';
  setText(byId('monitors-hint'), list.loading ? 'Reading the monitors…' : pages > 1 ? range : '');
  if (!shown && list.total && list.offset >= list.total) turn((pages - 1) * PAGE_SIZE);
}

function turn(offset) {
  ask({offset: Math.max(0, offset)});
}

function wireMonitors() {
  const pages = {first: () => 0, previous: () => asked.offset - PAGE_SIZE, next: () => asked.offset + PAGE_SIZE,
                 last: () => Number(byId('last').dataset.offset)};
  for (const [id, offset] of Object.entries(pages)) {
    byId(id).addEventListener('click', () => {
      turn(offset());
      byId('monitors').scrollIntoView({block: 'start'});
    });
  }
  byId('node-filter').addEventListener('change', (event) => ask({node: event.target.value}));
  let typing = 0;
  byId('search').addEventListener('input', (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => ask({search: event.target.value.trim()}), 200);
  });
  byId('clear-filters').addEventListener('click', () => {
    byId('search').value = '';
    ask({search: '', status: '', node: ''});
    byId('search').focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    event.preventDefault();
    byId('search').focus();
  });
}
