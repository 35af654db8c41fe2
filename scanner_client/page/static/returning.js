// A return that is being examined: what lacks is asked for with buttons, and the verdict stands above its reasons.

import { fillWhole } from "./texts.js";

const at = (id) => document.getElementById(id);

let send = () => {};

export function offerReturns(message, sender) {
  send = sender;
  fillChoices("returning-seal", message.seals, "/seal");
  fillChoices("returning-why", message.reasons, "/reason");
  at("returning-restock").onclick = () => say("/restock");
  at("returning-undelivered").onclick = () => say("/undelivered");
  at("returning-next").onclick = () => say("/next");
}

export function showReturning(returning) {
  at("returning").hidden = !returning;
  if (!returning) return;
  fillWhole(at("returning-thing"), returning.thing);
  at("returning-reasons").replaceChildren(
    ...returning.reasons.map((words) => {
      const item = document.createElement("li");
      item.textContent = words;
      return item;
    }),
  );
  at("returning-lacks").textContent = returning.reasons.length ? returning.next : ""; // else the verdict says it
  const lacks = (what) => returning.lacks.includes(what);
  at("returning-seal").hidden = returning.parcel || !lacks("seal_missing");
  at("returning-why").hidden = returning.parcel || !lacks("reason_missing") || lacks("seal_missing"); // one question at a time
  at("returning-looks").hidden = returning.parcel || !(lacks("condition_missing") || lacks("picture_missing"));
  at("returning-restock").hidden = returning.outcome !== "restock";
  at("returning-undelivered").hidden = !returning.parcel;
  at("returning-next").hidden = returning.parcel;
}

// The same words as a person types: one way in, whatever the screen.
function say(text) {
  send({ type: "scanned", text });
}

function fillChoices(id, choices, command) {
  at(id).querySelector("div").replaceChildren(
    ...choices.map(([word, title]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title;
      button.addEventListener("click", () => say(`${command} ${word}`));
      return button;
    }),
  );
}
