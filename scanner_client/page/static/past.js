// The last scans of this handheld: choose one, see what hangs on it, say why, and it is undone.

import { fillWhole, text } from "./texts.js";

const at = (id) => document.getElementById(id);

let chosen = null; // the scan whose undo is being decided
let send = null;
let listed = ""; // what the list was last drawn from

// Draws the list again when it changed; null while no page looks at it.
export function showPast(past) {
  const now = JSON.stringify(past);
  if (!past || now === listed || !at("past-dialog").open) return;
  listed = now;
  at("past-nothing").hidden = past.scans.length > 0;
  at("past-list").replaceChildren(...past.scans.map(row));
  at("past-reasons").replaceChildren(...past.reasons.map(reason));
}

export function lookBack(hand) {
  send = hand;
  listed = "";
  choose(null);
  send({ type: "scans" });
  at("past-dialog").showModal();
}

function row(scan) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.disabled = scan.undone;
  const state = scan.undone ? text("page.past_undone") : scan.sent ? "" : text("page.past_not_sent");
  for (const [name, words] of [["what", `${scan.title} ${scan.thing}`.trim()], ["where", scan.where], ["time", `${scan.time} ${state}`.trim()]]) {
    const part = document.createElement("span");
    part.className = name;
    fillWhole(part, words);
    button.append(part);
  }
  button.classList.toggle("undone", scan.undone);
  button.addEventListener("click", () => choose(scan));
  item.append(button);
  return item;
}

function reason(words) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  button.addEventListener("click", () => undo(words));
  return button;
}

function choose(scan) {
  chosen = scan;
  at("past-choosing").hidden = Boolean(scan);
  at("past-chosen").hidden = !scan;
  at("past-again").hidden = !scan;
  if (!scan) return;
  fillWhole(at("past-what"), `${scan.title} ${scan.thing}`.trim());
  at("past-where").textContent = [scan.time, scan.where].filter(Boolean).join(" · ");
  const depends = scan.depends.length ? scan.depends : [text("page.past_nothing")];
  at("past-depends").replaceChildren(
    ...depends.map((words) => {
      const item = document.createElement("li");
      item.textContent = words;
      return item;
    }),
  );
  at("past-own").value = "";
  at("past-what").focus();
}

function undo(words) {
  if (!words.trim() || !chosen) return;
  send({ type: "undo", event: chosen.name, reason: words.trim() });
  at("past-dialog").close();
}

at("past-again").addEventListener("click", () => choose(null));
at("past-do").addEventListener("click", () => undo(at("past-own").value));
at("past-own").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  undo(event.target.value);
});
at("past-close").addEventListener("click", () => at("past-dialog").close());
at("past-dialog").addEventListener("close", () => send?.({ type: "scans", shown: false }));
