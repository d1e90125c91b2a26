// Which channels to look at: those that track the cheese, as far as they are known, and those that are strongest.

import { make } from "./panels.js";
import { $, attempt, change, complain, page } from "./store.js";
import { post } from "./talk.js";

const SOON_MS = 300, LATER_MS = 1500;

const chosen = () => (page.roles.status === "found" && page.roles.layer === page.state.layer ? page.roles.channels : null);

function toggle(channel) {
  const { channels } = page.state, most = page.setup.most_channels;
  const next = channels.includes(channel) ? channels.filter((one) => one !== channel) : [...channels, channel];
  if (next.length > most) complain(`channels: got ${next.length}, wanted at most ${most}; take one away`);
  else change({ channels: next });
}

function chips(key, label, channels) {
  return make("p", { className: "chips" }, make("span", { className: "muted", textContent: label }),
    ...channels.map((channel) => {
      const chip = make("button", { type: "button", textContent: channel });
      chip.setAttribute("aria-pressed", String(page.state.channels.includes(channel)));
      chip.setAttribute("aria-label", `channel ${channel}`);
      chip.dataset.key = `${key} ${channel}`;
      chip.addEventListener("click", () => toggle(channel));
      return chip;
    }));
}

function unknown() {
  const find = make("button", { type: "button", id: "find", textContent: "Find the channels that track the cheese" });
  find.dataset.key = "find";
  find.addEventListener("click", () => attempt(() => askRoles(page.state.policy, true)));
  const said = page.roles.status === "failed" ? `${page.roles.message} ` : "";
  return make("p", { className: "muted" }, said, find, " Takes a minute or so, in the background.");
}

export function showSuggestions() {
  const { roles, state, first } = page, parts = [], box = $("suggestions");
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key ?? "" : null;
  if (chosen()) parts.push(chips("cheese", "Track the cheese:", chosen()));
  else if (roles.status === "finding") {
    parts.push(make("p", { className: "muted", textContent: "Finding the channels that track the cheese, in the background…" }));
  } else if (roles.status === "unknown" || roles.status === "failed") parts.push(unknown());
  const strongest = first?.activations?.layer === state.layer ? first.activations.strongest : [];
  const edited = state.edits.length && !first?.edit.problem;
  if (strongest.length) parts.push(chips("strongest", edited ? "Change most here:" : "Strongest here:", strongest));
  box.replaceChildren(...parts);
  if (focused !== null) (box.querySelector(`[data-key="${focused}"]`) ?? box).focus();
}

/** Ask for what is known of a policy's channels, again and again while it is being found. */
export async function askRoles(name, find = false) {
  const answer = await post("api/roles", { policy: name, find });
  if (name !== page.policy.name) return;
  page.roles = answer;
  showSuggestions();
  suggestDefaults();
  const wait = { looking: SOON_MS, finding: LATER_MS }[answer.status];
  if (wait) setTimeout(() => attempt(() => askRoles(name)), wait);
}

/** A page that starts without channels shows a few, once it is known which. */
export function suggestDefaults() {
  if (!page.suggesting || page.state.channels.length || page.roles.status === "looking" || !page.first?.activations) return;
  page.suggesting = false;
  change({ channels: (chosen() ?? page.first.activations.strongest).slice(0, 4) }, { replace: true });
}
