// What both pages share: asking the server, with a key where it wants one, and writing prices and times.

const KEY = "fancy-trader-key";
const EVENTS = 1000; // of a plan, that are shown
const NEW_YORK = { timeZone: "America/New_York", hourCycle: "h23" };
const DAY_AND_TIME = new Intl.DateTimeFormat("en-CA", {
  ...NEW_YORK, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

export const key = () => sessionStorage.getItem(KEY);

// Ask for a path below the server; a refused key is asked for, once for all who wait.  Throws an Error to be shown.
export async function ask(path) {
  const held = key();
  const answer = await fetch(path, { headers: held ? { Authorization: `Bearer ${held}` } : {} });
  if (answer.status === 401) {
    await askForKey(held);
    return ask(path);
  }
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail ?? told.title ?? `the server answered ${answer.status}`), { status: answer.status });
  return told;
}

// What is asked for by a name that people typed; null where there is none of that name, or none can be called that.
export async function ifAny(asked) {
  try {
    return await asked;
  } catch (error) {
    if ([404, 422].includes(error.status)) return null;
    throw error;
  }
}

let asking = null;
export function askForKey(refused) {
  if (key() !== refused) return Promise.resolve(); // another question has been answered meanwhile
  asking ??= new Promise((given) => {
    const dialog = make("dialog", {}, make("form", { method: "dialog" },
      make("p", {}, refused ? "The server does not know this key." : "This server wants a key."),
      make("input", { type: "password", name: "key", required: true, autocomplete: "off" }),
      make("button", {}, "Go on")));
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(KEY, dialog.querySelector("input").value.trim());
      dialog.remove();
      asking = null;
      given();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

export const asOfQuery = (asOf) => (asOf ? `?as_of=${encodeURIComponent(asOf)}` : "");

// The newest events of a plan, oldest first; many pages where a plan had that many.
export async function eventsOf(plan_id, as_of) {
  let [found, after] = [[], 0];
  do {
    const words = new URLSearchParams({ limit: 1000, after, ...(as_of ? { as_of } : {}) });
    const page = await ask(`/api/v1/plans/${encodeURIComponent(plan_id)}/events?${words}`);
    found = [...found, ...page.events].slice(-EVENTS);
    after = page.next_after;
  } while (after !== null);
  return found;
}

export const element = (id) => document.getElementById(id);

// Make an element; text is text, never markup.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(attribute, "");
    else if (value !== false && value != null) element.setAttribute(attribute, value);
  }
  element.append(...children);
  return element;
}

export function say(text) {
  const said = element("said");
  said.textContent = text ?? "";
  said.hidden = !text;
}

export const price = (value) => (value == null ? "" : value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 4 }));
export const inR = (value) => (value == null ? "" : `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`);
export const newYork = (instant) => DAY_AND_TIME.format(new Date(instant)).replace(",", "");

// Read wall time of New York, "2026-06-17T10:30" or with seconds, as an instant; of two in autumn, the first.
export function instantOf(wall) {
  const asUtc = Date.parse(`${wall}Z`);
  const offset = (at) => Date.parse(`${newYork(at).replace(" ", "T")}Z`) - at;
  const earlier = asUtc - offset(asUtc - 86_400_000);
  const instant = offset(earlier) === asUtc - earlier ? earlier : asUtc - offset(asUtc + 86_400_000);
  return new Date(instant).toISOString();
}

export function happened({ at, kind, data }, name = null) {
  return make("li", {}, make("time", { datetime: at }, newYork(at)), ` ${name ? `${name} ` : ""}${kind.replaceAll("_", " ")}: ${data.why ?? ""}`);
}
