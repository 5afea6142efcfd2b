// The board's table: a row's cells, and which rows stand.  Rule: what still stands keeps its element, and only what
// changed is written, so that a redraw takes neither the focus nor a click that is under way.

import { inR, make, newYork, price } from "/pages/server.js";

const TONES = {
  phase: { open: "good", scaled: "good", completed: "good", stopped: "bad", invalidated: "bad", missed: "warn" },
  health: { healthy: "good", at_risk: "bad" },
  gate: { defined_risk: "warn", suppress: "bad" },
};

// Have an element hold just these children; of those that it holds already, the order is theirs.
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

export function write(element, text, tone = "") {
  if (element.textContent !== text) element.textContent = text;
  if (element.className !== tone) element.className = tone;
}

export function writeRow(row, plan) {
  const cells = cellsOf(plan);
  if (!row.cells.length) row.append(...cells.map(() => make("td")));
  cells.forEach(([text, tone], index) => write(row.cells[index], text ?? "", tone));
}

// Text and tone of each column, in the order of the page's header.
function cellsOf(plan) {
  const number = (text, tone = "") => [text, `number ${tone}`.trim()];
  const toned = (value) => number(inR(value), value == null || value === 0 ? "" : value > 0 ? "good" : "bad");
  return [
    plan.data_gap ? [`${plan.plan_id} (gap in its data)`, "warn"] : [plan.plan_id],
    [plan.symbol], [`${plan.style} ${plan.direction}`],
    ...["phase", "health", "gate"].map((name) => [plan[name]?.replaceAll("_", " "), TONES[name][plan[name]]]),
    number(price(plan.last_price)), number(price(plan.fill_price)), number(price(plan.effective_stop)),
    number(String(plan.targets_hit)), number(inR(plan.rr_to_next_target)), toned(plan.open_r),
    toned(plan.realized_r), [newYork(plan.updated)],
  ];
}
