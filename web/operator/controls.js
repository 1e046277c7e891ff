// What an operator can do: each action with the words of what will happen, and of what came of it.
'use strict';

const MOST_IDS = 1000;

function drainOrUndrain(node) {
  openDialog(node.draining ? undrainAction(node) : drainAction(node));
}

const SPREAD = {
  auto: 'to one node if that fits well, else to all',
  distribute: 'to all other nodes',
  single: 'to one node',
};

function drainAction(node) {
  const id = node.node_id;
  const others = shown.nodes.filter((n) => n.node_id !== id && n.status === 'online').map((n) => n.node_id);
  const movable = Math.max(0, (node.monitor_count ?? 0) - (node.pinned ?? 0));
  return {
    title: `Drain ${id}?`, confirm: `Drain ${id}`, danger: true,
    fields: [
      {name: 'targetStrategy', kind: 'select', label: 'Its monitors go', value: 'auto', options: Object.entries(SPREAD)},
      {name: 'targetNodeId', kind: 'select', label: 'To', options: [['', 'the one with the most room'], ...others.map((n) => [n, n])],
       when: (v) => v.targetStrategy === 'single'},
      REASON],
    says: (v) => [
      `${plural(movable, 'monitor')} of ${id} will move ${v.targetStrategy === 'single' && v.targetNodeId ? `to ${v.targetNodeId}` : SPREAD[v.targetStrategy]}.`,
      ...(node.pinned ? [`${plural(node.pinned, 'monitor')} pinned to it will stay.`] : []),
      'It finishes the requests that it has and gets no new sessions.',
      'That stays so, also after restarts, until you undrain it.'],
    run: async (v) => {
      const target = v.targetStrategy === 'single' ? v.targetNodeId : '';
      const answer = await act(`/api/nodes/${encodeURIComponent(id)}/drain`,
                               {targetStrategy: v.targetStrategy, ...(target && {targetNodeId: target}), ...reason(v)});
      const to = answer.targets.map((t) => `${t.node_id} (${formatCount(t.monitors)})`).join(', ');
      return `${id} is draining: ${plural(answer.monitors, 'monitor')} to move${to && ` to ${to}`}.`;
    },
  };
}

function undrainAction(node) {
  const id = node.node_id;
  return {
    title: `Undrain ${id}?`, confirm: `Undrain ${id}`, fields: [REASON],
    says: ['The monitors that the drain sent away come home.', `${id} gets new sessions again.`],
    run: async (v) => {
      const answer = await act(`/api/nodes/${encodeURIComponent(id)}/undrain`, reason(v));
      return `${id} works again: ${plural(answer.monitors, 'monitor')} to come home.`;
    },
  };
}

const reason = (values) => (values.reason ? {reason: values.reason} : {});

function forceOrRestore(node) {
  openDialog(node.forced ? restoreAction(node.node_id) : forceAction(node.node_id));
}

function forceAction(id) {
  return {
    title: `Send all requests to ${id}?`, confirm: `Send all to ${id}`, danger: true, fields: [REASON],
    says: [`Every request on every gateway goes to ${id}, except from browsers that are fixed to another node.`,
           `While ${id} is not online, requests go as usual.`, 'Monitors stay where they are.',
           'That stays so, also after restarts, until you restore ordinary routing.'],
    run: async (v) => (await act(`/api/lb/force-route-to/${encodeURIComponent(id)}`, reason(v))).msg,
  };
}

function restoreAction(id) {
  return {
    title: 'Restore ordinary routing?', confirm: 'Restore', fields: [REASON],
    says: [`Requests no longer go to ${id} alone; the balancer chooses a node for each again.`],
    run: async (v) => (await act('/api/lb/restore-ltm', reason(v))).msg,
  };
}

function stayOrLeave(node, button) {
  runAtOnce(button, node.mine ? letGo : async () => {
    await actHere('/lb/set-fixed-node', {node: node.node_id});
    await readFixedNode();
    return `This browser's requests go to ${node.node_id} for seven days, as long as it is online.`;
  });
}

async function letGo() {
  await actHere('/lb/clear-fixed-node');
  await readFixedNode();
  return 'The balancer chooses a node for this browser again.';
}

async function checkNow() {
  const answer = await act('/api/trigger-health-check');
  const bad = answer.nodes.filter((n) => !n.ok);
  const all = `${plural(answer.nodes.length, 'node')} checked in ${formatMillis(answer.took_ms)}`;
  return bad.length ? `${all}. Not well: ${bad.map((n) => `${n.node_id} (${n.error})`).join(', ')}` : `${all}: all are well.`;
}

function rebalanceAction() {
  return {
    title: 'Rebalance the cluster?', confirm: 'Rebalance', fields: [REASON],
    says: ['The fewest monitors that bring the busiest node to 1.10 of the mean load get a new home.',
           'They move in small batches; no check is missed. Pinned and switched monitors stay.'],
    run: (v) => startBalancing('/api/trigger-rebalancing', v),
  };
}

function redistributeAction() {
  return {
    title: 'Redistribute everything?', confirm: 'Redistribute everything', danger: true, fields: [REASON],
    says: [`Every one of ${plural(shown.cluster.monitors, 'monitor')} that may move can get a new home, so that all nodes are as even as can be.`,
           'That moves many more monitors than a rebalancing, and ten times as fast. Pinned and switched monitors stay.'],
    run: (v) => startBalancing('/api/force-rebalance-all', v),
  };
}

async function startBalancing(path, values) {
  const answer = await act(path, reason(values));
  return answer.started ? `Started: ${plural(answer.planned, 'monitor')} to move.` : 'Nothing is worth moving.';
}

// "7, 9, 20-24" as numbers; a Problem names what cannot be read.
function readIds(text) {
  const ids = new Set();
  for (const piece of text.split(/[\s,;]+/).filter(Boolean)) {
    const found = /^(\d{1,15})(?:[-–](\d{1,15}))?$/.exec(piece);
    const first = Number(found?.[1]), last = Number(found?.[2] ?? found?.[1]);
    if (!found || first < 1 || last < first) throw new Problem(`“${piece}” is no monitor's number.`);
    if (last - first >= MOST_IDS || ids.size + last - first >= MOST_IDS) throw new Problem('At most 1,000 monitors at once.');
    for (let id = first; id <= last; id += 1) ids.add(id);
  }
  if (!ids.size) throw new Problem('Name at least one monitor by its number.');
  return [...ids];
}

const nodeChoices = () => shown.nodes.map((n) => [n.node_id, n.status === 'online' ? n.node_id : `${n.node_id} (${NODE_STATUS[n.status]})`]);

function moveAction() {
  const ids = {name: 'ids', kind: 'text', label: 'Monitors', placeholder: '7, 9, 20-24', most: 8000, hint: 'Their numbers; ranges work, too.'};
  return {
    title: 'Move monitors', confirm: 'Move', danger: false,
    fields: [ids, {name: 'node', kind: 'select', label: 'To', options: nodeChoices()},
             {name: 'stay', kind: 'select', label: 'For how long', options: [['true', 'until they are moved back'], ['false', 'for good: it becomes their home']]},
             REASON],
    says: (v) => [`They run on ${v.node || 'that node'} from now on; no check is missed.`,
                  v.stay === 'false' ? 'Their home changes.' : 'Their home stays as it is.'],
    run: async (v) => {
      const answer = await act('/api/monitors/batch-switch', {
        monitorIds: readIds(v.ids), targetNodeId: v.node, manualOverride: v.stay === 'true', ...reason(v)});
      const refused = answer.results.filter((r) => !r.ok);
      if (!refused.length) return `${plural(answer.moved, 'monitor')} moved to ${v.node}.`;
      const why = [...new Set(refused.map((r) => r.msg))].slice(0, 3).join(' ');
      throw new Problem(`${plural(answer.moved, 'monitor')} moved, ${formatCount(refused.length)} not: ${why}`);
    },
  };
}

const oneId = {name: 'id', kind: 'text', label: 'Monitor', placeholder: '7', most: 15, numeric: true, hint: 'Its number.'};

function onlyId(text) {
  const ids = readIds(text);
  if (ids.length !== 1) throw new Problem('Name one monitor by its number.');
  return ids[0];
}

function pinAction() {
  return {
    title: 'Pin a monitor', confirm: 'Pin',
    fields: [oneId, {name: 'node', kind: 'select', label: 'To', options: [['', 'the node where it runs'], ...nodeChoices()]}, REASON],
    says: (v) => [`It stays on ${v.node || 'its node'}, even while that node is offline, until you unpin it.`],
    run: async (v) => (await act(`/api/monitors/${onlyId(v.id)}/pin-to-node`, {...(v.node && {targetNodeId: v.node}), ...reason(v)})).msg,
  };
}

function unpinAction() {
  return {
    title: 'Unpin a monitor', confirm: 'Unpin', fields: [oneId, REASON],
    says: ['Failover, drains and rebalancing may move it again.'],
    run: async (v) => (await act(`/api/monitors/${onlyId(v.id)}/unpin`, reason(v))).msg,
  };
}

function wireControls() {
  const dialogs = {'do-rebalance': rebalanceAction, 'do-redistribute': redistributeAction, 'do-move': moveAction,
                   'do-pin': pinAction, 'do-unpin': unpinAction};
  for (const [id, action] of Object.entries(dialogs)) byId(id).addEventListener('click', () => openDialog(action()));
  for (const [id, run] of Object.entries({'do-check': checkNow, 'do-let-go': letGo})) {
    byId(id).addEventListener('click', (event) => runAtOnce(event.currentTarget, run));
  }
}
