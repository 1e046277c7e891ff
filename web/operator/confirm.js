// The dialog before an action: what will happen, the choices that it takes, and the server's words when
// it refuses. And the notice that tells how an action ended.
'use strict';

const NOTICE_MS = 8000;
let noticeTimer = 0;
let pending = null;  // the action that the dialog is about

function say(text, bad) {
  clearTimeout(noticeTimer);
  setText(byId('notice-text'), text);
  setData(byId('notice'), 'tone', bad ? 'bad' : 'good');
  setHidden(byId('notice'), false);
  if (!bad) noticeTimer = setTimeout(hideNotice, NOTICE_MS);
}

function hideNotice() {
  clearTimeout(noticeTimer);
  setHidden(byId('notice'), true);
}

// action: {title, says: lines or (values) => lines, fields, confirm, danger, run: async (values) => words}.
function openDialog(action) {
  pending = action;
  setText(byId('dialog-title'), action.title);
  const confirm = byId('dialog-confirm');
  setText(confirm, action.confirm);
  confirm.classList.toggle('danger', Boolean(action.danger));
  byId('dialog-fields').replaceChildren(...(action.fields ?? []).map(makeField));
  showDialogError('');
  setBusy(false);
  drawDialog();
  byId('dialog').showModal();
  const first = byId('dialog-fields').querySelector('textarea, input, select');
  (action.danger ? byId('dialog-cancel') : first ?? confirm).focus();
}

function makeField(field) {
  const label = el('label', 'dialog-field');
  label.append(el('span', '', field.label));
  const input = FIELD_KINDS[field.kind](field);
  input.name = field.name;
  label.append(input);
  if (field.hint) label.append(el('small', 'dialog-hint', field.hint));
  for (const kind of ['input', 'change']) input.addEventListener(kind, drawDialog);
  return label;
}

const FIELD_KINDS = {
  select: (field) => {
    const select = el('select');
    for (const [value, text] of field.options) select.append(new Option(text, value, false, value === field.value));
    return select;
  },
  text: (field) => {
    const input = el('input');
    input.type = 'text';
    input.maxLength = field.most ?? 500;
    input.autocomplete = 'off';
    input.placeholder = field.placeholder ?? '';
    if (field.numeric) input.inputMode = 'numeric';
    return input;
  },
};

const REASON = {name: 'reason', kind: 'text', label: 'Why (for the audit log)', placeholder: 'optional'};

function dialogValues() {
  return Object.fromEntries([...byId('dialog-fields').querySelectorAll('[name]')].map((f) => [f.name, f.value.trim()]));
}

function drawDialog() {
  const values = dialogValues();
  for (const field of pending.fields ?? []) {
    if (!field.when) continue;
    setHidden(byId('dialog-fields').querySelector(`[name="${field.name}"]`).closest('label'), !field.when(values));
  }
  const says = typeof pending.says === 'function' ? pending.says(values) : pending.says;
  byId('dialog-says').replaceChildren(...says.map((line) => el('li', '', line)));
}

function showDialogError(text) {
  setText(byId('dialog-error'), text);
  setHidden(byId('dialog-error'), !text);
}

function setBusy(busy) {
  byId('dialog-confirm').disabled = busy;
  setText(byId('dialog-confirm'), busy ? 'Working…' : pending.confirm);
}

async function runPending(event) {
  event.preventDefault();
  const action = pending;
  showDialogError('');
  setBusy(true);
  try {
    const words = await action.run(dialogValues());
    if (pending !== action) return;
    byId('dialog').close();
    say(words);
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    if (byId('dialog').open && pending === action) showDialogError(problem.message);
    else say(problem.message, true);
  } finally {
    if (pending === action) setBusy(false);
    refresh();
  }
}

// An action without a dialog; its button rests until it is done.
async function runAtOnce(button, run) {
  button.disabled = true;
  try {
    say(await run());
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    say(problem.message, true);
  } finally {
    button.disabled = false;
    refresh();
  }
}

function wireDialogs() {
  byId('dialog-form').addEventListener('submit', runPending);
  byId('dialog-cancel').addEventListener('click', () => byId('dialog').close());
  byId('notice-close').addEventListener('click', hideNotice);
}
