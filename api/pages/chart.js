// The chart of a symbol as of an instant: its bars, what a plan draws over them, and what happened to the plan.

import { ask, element, eventsOf, happened, make, newYork, price, say } from "/pages/server.js";
import { Painter } from "/pages/painter.js";

const INTERVALS = ["1m", "5m", "15m", "60m", "1d", "1w"];
const MOST = 5000; // bars, the newest
const asked = new URLSearchParams(location.search);
const [symbol, plan_id, as_of] = ["symbol", "plan_id", "as_of"].map((name) => asked.get(name));
const painter = new Painter(element("canvas"), (bar) => (element("bar").textContent = bar ? words(bar) : ""));

const words = (bar) =>
  `${newYork(bar.start)}  O ${price(bar.open)}  H ${price(bar.high)}  L ${price(bar.low)}  C ${price(bar.close)}  V ${bar.volume.toLocaleString("en-US")}`;

function query(more = {}) {
  const given = new URLSearchParams({ ...(as_of ? { as_of } : {}), ...more });
  return given.size ? `?${given}` : "";
}

async function bars(interval) {
  let found = [];
  let cursor = null;
  do {
    const page = await ask(`/api/v1/symbol/${encodeURIComponent(symbol)}/series${query({ interval, limit: 1000, hours: "all", ...(cursor ? { cursor } : {}) })}`);
    element("session").textContent = page.session.banner;
    found = [...found, ...page.bars].slice(-MOST);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

// A plan of the scanner has layers; any other, the prices that it was written with.
async function layersOf(plan) {
  try {
    return (await ask(`/api/v1/gpt/chart-layers${query({ plan_id })}`)).layers;
  } catch (error) {
    if (!error.message.includes("did not come of a scan")) throw error;
    const entry = plan.entry?.price ?? plan.entry;
    return {
      entry: typeof entry === "number" ? { price: entry, label: `${plan.entry.type} entry ${price(entry)}` } : null,
      stop: { price: plan.stop, label: `stop ${price(plan.stop)}` },
      targets: plan.targets.map((target, index) => ({ price: target.price, label: `T${index + 1} ${price(target.price)}` })),
      levels: [],
      zones: [],
    };
  }
}

async function planned() {
  if (!plan_id) return { layers: null, events: [] };
  const path = `/api/v1/plans/${encodeURIComponent(plan_id)}`;
  const [{ plan, versions }, events] = await Promise.all([ask(`${path}${query()}`), eventsOf(plan_id, as_of)]);
  const body = versions.find((each) => each.version === plan.version).plan;
  return { layers: await layersOf(body), events };
}

function list({ layers, events }) {
  const lines = layers ? [layers.entry, ...layers.targets, layers.stop, ...layers.levels].filter(Boolean) : [];
  lines.sort((a, b) => b.price - a.price);
  element("lines").hidden = !lines.length;
  element("lines").tBodies[0].replaceChildren(
    ...lines.map((line) => make("tr", {}, make("td", {}, line.label), make("td", { class: "number" }, price(line.price)))),
  );
  element("events").replaceChildren(...events.map((event) => happened(event)));
}

async function show() {
  say(null);
  try {
    if (!symbol) throw new Error("Which chart?  Say ?symbol=…, and plan_id, interval and as_of where you want them.");
    const interval = element("interval").value;
    const [found, plan] = await Promise.all([bars(interval), planned()]);
    list(plan);
    painter.show(found, plan.layers, plan.events);
    element("canvas").dataset.bars = found.length;
    if (!found.length) say(`No ${interval} bars of ${symbol} are stored by then: a run keeps them unless it was told --no-scan.`);
  } catch (error) {
    say(error.message);
  }
}

const wanted = asked.get("interval");
for (const each of INTERVALS) element("interval").append(make("option", { selected: each === wanted }, each));
element("interval").onchange = show;
// The API reads more instants than a browser does, and says what it cannot read.
const spoken = Number.isNaN(Date.parse(as_of)) ? as_of : newYork(as_of);
element("title").textContent = [symbol, plan_id, as_of && `as of ${spoken}`].filter(Boolean).join(" · ");
show();
