// The plans that the board is of, whether the server has more of them, and how the stream is asked for them.

import { ask, asOfQuery, element, ifAny } from "/pages/server.js";

const MOST = 1000; // plans on the board; of more, a symbol or a plan is looked for on the server

// All plans (null), or those of the symbol that is sought, as it was typed or in capitals, or else the plan of that id.
export async function load(sought, asOf) {
  if (!sought) return list(null, asOf);
  for (const symbol of new Set([sought, sought.toUpperCase()])) {
    const found = await ifAny(list(symbol, asOf));
    if (found?.plans.length) return found;
  }
  const one = await ifAny(ask(`/api/v1/plans/${encodeURIComponent(sought)}${asOfQuery(asOf)}`));
  return { plans: one ? [one.plan] : [], more: false, wanted: { plans: [sought] } };
}

async function list(symbol, asOf) {
  const plans = [];
  let cursor = null;
  do {
    const words = new URLSearchParams({ limit: MOST - plans.length });
    if (asOf) words.set("as_of", asOf);
    if (symbol) words.set("symbol", symbol);
    if (cursor) words.set("cursor", cursor);
    const page = await ask(`/api/v1/plans?${words}`);
    element("session").textContent = page.session.banner;
    plans.push(...page.plans);
    cursor = page.next_cursor;
  } while (cursor && plans.length < MOST);
  const wanted = cursor ? { plans: plans.map(({ plan_id }) => plan_id) } : { symbols: symbol && [symbol] };
  return { plans, more: cursor !== null, wanted };
}
