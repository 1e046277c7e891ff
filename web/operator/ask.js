// Questions to the gateway. Reads answer JSON or throw what the server says; actions ask for the admin
// token when the server wants it, and keep it in this tab only.
'use strict';

const ASK_TIMEOUT_MS = 8000;
const ACT_TIMEOUT_MS = 30000;
const TOKEN_KEY = 'higuma-admin-token';

class Problem extends Error {
  constructor(message, status, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const STATUS_TEXT = {
  403: 'This address may not do that.', 429: 'Too many requests.', 502: 'The gateway has no answer.',
  503: 'The gateway cannot do that now.', 504: 'The gateway has no answer.'};

async function send(path, options, timeout) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeout);
  let response, text;
  try {
    response = await fetch(path, {cache: 'no-store', signal: limit.signal, ...options});
    text = await response.text();
  } catch {
    throw new Problem(limit.signal.aborted ? 'No answer in time.' : 'The gateway cannot be reached.', 0);
  } finally {
    clearTimeout(timer);
  }
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: the status tells what there is to tell.
  }
  if (response.ok && body !== null) return body;
  const words = body?.msg || STATUS_TEXT[response.status] || `The gateway answered ${response.status}.`;
  throw new Problem(words, response.status, Number(response.headers.get('Retry-After')) || 0);
}

const read = (path) => send(path, {headers: {Accept: 'application/json'}}, ASK_TIMEOUT_MS);

function rememberedToken() {
  try {
    return sessionStorage.getItem(TOKEN_KEY) ?? '';
  } catch {
    return '';
  }
}

function rememberToken(token) {
  try {
    sessionStorage.setItem(TOKEN_KEY, token);
  } catch {
    // Storage is switched off: it is asked for again next time.
  }
}

// POSTs an action. Without `credentials` a refusal does not make the browser ask by itself.
async function act(path, body) {
  let token = rememberedToken();
  for (;;) {
    const headers = {Accept: 'application/json', 'Content-Type': 'application/json'};
    if (token) headers.Authorization = `Bearer ${token}`;
    try {
      const answer = await send(path, {method: 'POST', credentials: 'omit', headers, body: JSON.stringify(body ?? {})},
                                ACT_TIMEOUT_MS);
      if (token) rememberToken(token);
      return answer;
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      token = await askForToken(token ? 'This token is not accepted.' : '');
    }
  }
}

// For what concerns this browser alone: its cookie goes along.
const actHere = (path, body) =>
    send(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body ?? {})},
         ASK_TIMEOUT_MS);

function askForToken(error) {
  const dialog = byId('token-dialog');
  const field = byId('token');
  field.value = '';
  setText(byId('token-error'), error);
  setHidden(byId('token-error'), !error);
  dialog.showModal();
  field.focus();
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const end = (settle) => {
      done.abort();
      dialog.close();
      field.value = '';
      settle();
    };
    byId('token-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const token = field.value.trim();
      if (token) end(() => resolve(token));
    }, {signal: done.signal});
    const giveUp = (event) => {
      event.preventDefault();
      end(() => reject(new Problem('Nothing was done: the admin token is missing.', 401)));
    };
    byId('token-cancel').addEventListener('click', giveUp, {signal: done.signal});
    dialog.addEventListener('cancel', giveUp, {signal: done.signal});
  });
}
