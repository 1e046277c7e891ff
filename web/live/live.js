// Asks for the cluster's state each second and draws what changed. It backs off while nobody answers,
// and rests while the tab is hidden.
'use strict';

const POLL_MS = 1000;
const POLL_TIMEOUT_MS = 8000;
const BACK_OFF_MAX_S = 15;

const link = {lost: false, lastGood: '', retryIn: 0, failures: 0};
let latest = null;
let latestAt = 0;
let timer = 0;
let running = null;     // the AbortController of the request under way
let beatsFor = '';      // for which question `beatsAfter` holds
let beatsAfter = 0;

function pollNow() {
  clearTimeout(timer);
  running?.abort();
  running = null;
  poll();
}

async function poll() {
  if (document.hidden || running) return;
  const mine = new AbortController();
  running = mine;
  const limit = setTimeout(() => mine.abort(), POLL_TIMEOUT_MS);
  const question = queryString(0);
  try {
    const response = await fetch(`/lb/live?${queryString(question === beatsFor ? beatsAfter : 0)}`,
                                 {signal: mine.signal, cache: 'no-store', headers: {Accept: 'application/json'}});
    if (!response.ok) throw new Error(`status ${response.status}`);
    const data = await response.json();
    if (running !== mine) return;
    arrived(data, question);
  } catch (problem) {
    if (running !== mine) return;
    failed(problem);
  } finally {
    clearTimeout(limit);
    if (running === mine) running = null;
  }
  schedule(link.failures ? link.retryIn * 1000 : POLL_MS);
}

function schedule(delay) {
  clearTimeout(timer);
  timer = setTimeout(poll, delay);
}

function arrived(data, question) {
  Object.assign(link, {lost: false, failures: 0, retryIn: 0, lastGood: data.timestamp});
  latest = data;
  latestAt = performance.now();
  const items = data.monitors?.items ?? [];
  // A monitor that came onto the page has no beats here yet: ask for all of them next time.
  const complete = question === beatsFor ? items.every((i) => beatStore.has(i.id)) : true;
  draw();
  beatsFor = complete ? question : '';
  for (const item of items) {
    for (const beat of item.beats ?? []) beatsAfter = Math.max(beatsAfter, beat.id);
  }
}

function failed(problem) {
  link.failures += 1;
  link.retryIn = Math.min(BACK_OFF_MAX_S, 2 ** (link.failures - 1));
  link.lost = link.failures > 1 || !latest;
  if (problem instanceof TypeError && problem.stack && !/fetch/i.test(problem.message)) console.error(problem);
  drawHeader(withNow(latest), link);
}

// The server's time now, from its last answer and our monotonic clock.
function withNow(data) {
  if (data) data.nowMs = Date.parse(data.timestamp) + (performance.now() - latestAt);
  return data;
}

function draw() {
  const data = withNow(latest);
  if (!data) return;
  learnNodes((data.nodes ?? []).map((n) => n.node_id));
  drawHeader(data, link);
  drawNodes(data);
  drawMonitors(data);
  drawFeed(data);
  setHidden(byId('teach-user'), data.setup_complete !== false || !data.database.reachable);
}

function teach() {
  setText(byId('code-user'), 'higuma user create admin --data ./data');
  setText(byId('code-key'), 'higuma api-key create first-key --data ./data');
  setText(byId('code-monitor'),
          `curl ${location.origin}/api/v1/monitors \\\n  -H 'Authorization: Bearer YOUR_API_KEY' \\\n` +
          `  -H 'Content-Type: application/json' \\\n` +
          `  -d '{"name":"Example","type":"http","url":"https://example.org","interval":20}'`);
  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('.copy');
    if (!button) return;
    const done = await copyText(byId(button.dataset.copy));
    setText(button, done ? 'Copied' : 'Select it');
    setTimeout(() => setText(button, 'Copy'), 2000);
  });
}

// The clipboard is there on https and localhost only; elsewhere the text is selected for the user.
async function copyText(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else pollNow();
});
window.addEventListener('online', pollNow);

recall();
teach();
wireMonitors();
wireFeed(draw);
poll();
