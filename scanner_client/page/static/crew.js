// Who is signed in: the badge, the PIN and its big keys, and going away. A PIN stays in its field and is sent once.

import { ask } from "./dialogs.js";
import { text } from "./texts.js";

const at = (id) => document.getElementById(id);
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "⌫", "0"];
const PIN = /^[0-9]{4,8}$/;

let crew = null;
let send = null;
let asked = ""; // whose PIN the dialog asks for

// Shows who is signed in, and asks for a PIN while one is awaited.
export function showCrew(now, hand) {
  crew = now;
  send = hand;
  at("who").hidden = !crew?.required;
  at("operator").hidden = Boolean(crew?.required);
  at("who").textContent = crew?.name || text("page.sign_in");
  at("who").title = crew?.role ?? "";
  if (crew?.asks && crew.asks !== asked) askForPin();
  if (!crew?.asks && asked) {
    asked = "";
    at("pin-dialog").close();
  }
  at("pin-trouble").textContent = crew?.asks ? crew.trouble : "";
}

// Whether this action may be chosen by whoever is signed in.
export function mayDo(action) {
  return !crew || crew.actions.includes(action);
}

// Whether somebody has to sign in before anything else.
export function isAwaited() {
  return Boolean(crew?.required && !crew.name);
}

function askForPin() {
  asked = crew.asks;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const dialog = at("pin-dialog");
  const input = dialog.querySelector("input");
  input.value = "";
  at("pin-question").textContent = text("page.pin_question", { name: asked });
  ask("pin-dialog", () => {
    const given = input.value;
    input.value = "";
    if (!given) return false;
    // A scanner types where the focus is: another badge comes in here as well.
    send(PIN.test(given) ? { type: "pin", pin: given } : { type: "scanned", text: given });
    return false; // what comes next, the program says
  });
  dialog.querySelector(".cancel").onclick = forget;
  dialog.oncancel = (event) => {
    event.preventDefault();
    forget();
  };
  input.focus();
}

function forget() {
  send({ type: "forget_pin" });
}

function askForBadge() {
  const input = at("badge-dialog").querySelector("input");
  input.value = "";
  ask("badge-dialog", () => {
    send({ type: "present", badge: input.value });
    return true;
  });
}

function askToLeave() {
  at("out-question").textContent = text("page.out_question", { name: crew.name });
  ask("out-dialog", () => {
    send({ type: "sign_out" });
    return true;
  });
}

at("who").addEventListener("click", () => (crew?.name ? askToLeave() : askForBadge()));
at("keys").replaceChildren(
  ...KEYS.map((key) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = key;
    const isBack = key === "⌫";
    if (isBack) button.dataset.label = "page.delete_digit";
    button.addEventListener("click", () => {
      const input = at("pin-dialog").querySelector("input");
      input.value = isBack ? input.value.slice(0, -1) : input.value + key;
      input.focus(); // so that Enter signs in, and does not press this key again
    });
    return button;
  }),
);
