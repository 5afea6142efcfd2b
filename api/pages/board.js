// The board: where plans stand, now and as it changes, or as of an instant.

import { ask, askForKey, asOfQuery, element, eventsOf, happened, instantOf, key, make, say } from "/pages/server.js";
import { load } from "/pages/plans.js";
import { arrange, write, writeRow } from "/pages/table.js";

const NEWS = 100;
const AGAIN_MS = 60_000;
const KEY_REFUSED = [4401, 4403];

const plans = new Map(); // by plan_id, as the API writes them
const rows = new Map(); // by plan_id, the table's rows
const buttons = new Map(); // by phase
const stale = new Set(); // plans that events spoke of since they were read
const failures = new Map(); // of the board, and of the chosen plan
const phases = new Set(); // that the board is narrowed to; none: all
let chosen = null;
let asOf = null; // an instant, or null: now
let sought = null; // the symbol or the plan that alone is on the board, as it was typed, or null
let more = false; // whether the server has more of these plans than are on the board
let wanted = {}; // of the stream
let socket = null;
let place = null; // how far the stream has been heard
let wait = 1000;
let reading = 0; // counts beginnings, so that answers to an older question are left alone

async function begin() {
  const mine = ++reading;
  socket?.close();
  socket = place = null; // what it may still say is of the board before, and so is what was heard
  stale.clear();
  element("news").replaceChildren();
  tell("connecting", "quiet");
  try {
    const found = await load(sought, asOf);
    if (mine !== reading) return;
    ({ more, wanted } = found);
    failed("board", null);
    replace(found.plans);
    await show(chosen);
    if (asOf === null) listen(mine);
    else tell("as of an instant: nothing moves", "quiet");
  } catch (error) {
    if (mine !== reading) return;
    failed("board", error.message);
    setTimeout(() => mine === reading && begin(), 5000);
  }
}

function replace(found) {
  plans.clear();
  for (const plan of found) plans.set(plan.plan_id, plan);
  draw();
}

// The stream: a snapshot, then every event once; after an interruption from where it was.
function listen(mine) {
  const here = new WebSocket(`${location.origin.replace("http", "ws")}/ws/plans`);
  socket = here;
  here.onopen = () => {
    if (key()) here.send(JSON.stringify({ type: "auth", key: key() }));
    here.send(JSON.stringify({ type: "subscribe", ...wanted, from: place }));
    readAgain();
  };
  here.onmessage = ({ data }) => socket === here && hear(JSON.parse(data));
  here.onclose = async ({ code }) => {
    if (mine !== reading || socket !== here) return;
    tell("interrupted; trying again", "warn");
    if (KEY_REFUSED.includes(code)) await askForKey(key());
    setTimeout(() => mine === reading && listen(mine), wait);
    wait = Math.min(wait * 2, 15_000);
  };
}

function hear(message) {
  wait = 1000;
  if (message.type === "snapshot") {
    for (const plan of message.plans) plans.set(plan.plan_id, plan);
    if (!message.more) place = { epoch: message.epoch, seq: message.seq };
    drawSoon();
  } else if (message.type === "event") {
    place.seq = message.seq;
    element("news").prepend(happened(message, message.plan_id));
    while (element("news").children.length > NEWS) element("news").lastChild.remove();
    stale.add(message.plan_id);
    refresh();
  } else if (message.type === "price") {
    const plan = plans.get(message.plan_id);
    const { rr: rr_to_next_target, open_r, effective_stop, price: last_price, at: updated } = message;
    const moved = { last_price, rr_to_next_target, open_r, effective_stop, updated };
    if (plan) Object.assign(plan, moved);
    drawSoon();
  } else if (message.type === "reset") {
    place = null;
    plans.clear();
  } else if (message.type === "error") {
    failed("board", message.detail);
  }
  if (place) tell("live", "good"); // no earlier: what happens from here on is heard
}

// An event says what happened, the API where the plan stands since: each plan is read again once, one after the other.
let refreshing = false;
async function refresh() {
  if (refreshing) return;
  refreshing = true;
  while (stale.size) {
    const [[plan_id], mine] = [stale, reading];
    stale.delete(plan_id);
    try {
      const { plan } = await ask(`/api/v1/plans/${encodeURIComponent(plan_id)}`);
      if (mine !== reading) continue; // it was asked for the board before
      failed("board", null);
      plans.set(plan_id, plan);
      if (plan_id === chosen) await show(plan_id);
    } catch (error) {
      if (mine !== reading) continue;
      failed("board", `${plan_id}: ${error.message}`);
      stale.add(plan_id); // to be read with the next event, or when all is read again
      break;
    }
    drawSoon();
  }
  refreshing = false;
}

// Of the board and of the chosen plan, why it was not read; that stands until it is.
function failed(what, why) {
  failures.set(what, why);
  say([...failures.values()].filter(Boolean).join("; "));
}

function tell(text, tone) {
  element("line").textContent = text;
  element("line").className = tone;
}

let drawing = false;
function drawSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

function draw() {
  const words = element("find").value.trim().toLowerCase();
  const named = [...plans.values()].filter((plan) => `${plan.plan_id} ${plan.symbol}`.toLowerCase().includes(words));
  const shown = named.filter((plan) => !phases.size || phases.has(plan.phase)).sort((a, b) => (a.plan_id < b.plan_id ? -1 : 1));
  drawPhases(named);
  const body = element("plans").tBodies[0];
  for (const plan_id of [...rows.keys()]) {
    if (!plans.has(plan_id)) rows.delete(plan_id);
  }
  arrange(body, shown.map(drawRow));
  element("count").textContent = counted(shown.length);
}

function counted(shown) {
  const typed = element("find").value.trim();
  const beyond = more || (sought && typed !== sought) ? "; the server has more: Enter finds a symbol or a plan there" : "";
  if (plans.size) return `${shown} of ${plans.size} plans${beyond}`;
  if (sought) return `No plan has the symbol or the id ${sought}${beyond}`;
  return "No plans: fancy-trader plans add brings some, and so does a run with the scanner.";
}

function drawPhases(named) {
  const counts = new Map([...phases].map((phase) => [phase, 0])); // what the board is narrowed to can be undone
  for (const { phase } of named) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  arrange(element("phases"), [...counts].sort().map(([phase, count]) => drawPhase(phase, count)));
}

function drawPhase(phase, count) {
  const button = buttons.get(phase) ?? newButton(phase);
  button.ariaPressed = phases.has(phase);
  write(button, `${phase} ${count}`);
  return button;
}

function newButton(phase) {
  const button = make("button", { type: "button" });
  button.onclick = () => (phases.delete(phase) || phases.add(phase), draw());
  buttons.set(phase, button);
  return button;
}

function drawRow(plan) {
  const row = rows.get(plan.plan_id) ?? newRow(plan.plan_id);
  row.className = plan.plan_id === chosen ? "chosen" : "";
  writeRow(row, plan);
  return row;
}

function newRow(plan_id) {
  const row = make("tr", { tabindex: "0" });
  row.onclick = () => show(plan_id);
  row.onkeydown = ({ key: pressed }) => pressed === "Enter" && show(plan_id);
  rows.set(plan_id, row);
  return row;
}

async function show(plan_id) {
  chosen = plan_id;
  element("plan").hidden = plan_id === null;
  if (plan_id === null) return;
  const [path, mine] = [`/api/v1/plans/${encodeURIComponent(plan_id)}`, reading];
  try {
    const [explained, events] = await Promise.all([ask(`${path}/explain${asOfQuery(asOf)}`), eventsOf(plan_id, asOf)]);
    if (chosen !== plan_id || mine !== reading) return;
    failed("plan", null);
    const words = new URLSearchParams({ symbol: plans.get(plan_id)?.symbol ?? "", plan_id, ...(asOf ? { as_of: asOf } : {}) });
    element("plan").querySelector("h2").textContent = plan_id;
    element("chart").href = `/chart?${words}`;
    element("explained").replaceChildren(...explained.lines.map((line) => make("li", {}, line)));
    element("events").replaceChildren(...events.reverse().map((event) => happened(event)));
  } catch (error) {
    if (chosen !== plan_id || mine !== reading) return;
    failed("plan", `${plan_id}: ${error.message}`);
    element("plan").hidden = true; // it says what is not so then
  }
  drawSoon();
}

// A gap marks plans without an event, and so does its end; and what was not read while the server was away is read now.
async function readAgain() {
  const mine = reading;
  if (!place) return;
  try {
    const found = await load(sought, asOf);
    if (mine !== reading) return;
    failed("board", null);
    for (const plan of found.plans) if (!(plan.updated_ns < plans.get(plan.plan_id)?.updated_ns)) plans.set(plan.plan_id, plan);
    drawSoon();
    refresh();
  } catch (error) {
    if (mine === reading) failed("board", error.message);
  }
}

element("find").oninput = draw;
element("narrow").onsubmit = (event) => {
  event.preventDefault();
  if (!more && !sought) return; // all plans are here
  sought = element("find").value.trim() || null;
  begin();
};
element("when").onchange = ({ target }) => {
  asOf = target.value ? instantOf(target.value) : null;
  element("now").hidden = asOf === null;
  begin();
};
element("now").onclick = () => {
  element("when").value = "";
  element("when").onchange({ target: element("when") });
};
setInterval(readAgain, AGAIN_MS);
begin();
