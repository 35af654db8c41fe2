// The pick list: the next bin and what to take there, what comes then, and what cannot be found; and what is packed.

import { fillWhole, text } from "./texts.js";

const at = (id) => document.getElementById(id);

const REASONS = ["page.short_none", "page.short_fewer", "page.short_damaged", "page.short_other"];

export function showPicks(picks) {
  at("picks").hidden = !picks;
  if (!picks) return;
  at("picks-order").textContent = picks.order;
  at("picks-progress").textContent = picks.progress;
  at("picks-next").hidden = !picks.next;
  at("picks-done").hidden = Boolean(picks.next);
  at("picks-short").hidden = !picks.next;
  if (picks.next) {
    at("picks-bin").textContent = picks.next.bin;
    at("picks-takes").replaceChildren(...picks.next.takes.map(line));
  }
  at("picks-then").hidden = !picks.then.length;
  at("picks-stops").replaceChildren(...picks.then.map(stop));
  at("picks-more").textContent = picks.more;
}

export function showPacking(packing, carton) {
  at("packing").hidden = !packing;
  if (!packing) return;
  at("packing-order").textContent = packing.order;
  at("packing-progress").textContent = packing.progress;
  at("packing-inside").textContent = packing.inside;
  at("packing-lacks").hidden = !packing.missing.length;
  at("packing-done").hidden = packing.missing.length > 0;
  at("packing-missing").replaceChildren(...packing.missing.map(line));
  at("packing-close").disabled = !carton;
}

export function askWhyShort(send) {
  at("short-what").textContent = at("picks-takes").firstElementChild?.textContent ?? "";
  at("short-reasons").replaceChildren(
    ...REASONS.map((key) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text(key);
      button.addEventListener("click", () => {
        send({ type: "short", reason: text(key) });
        at("short-dialog").close();
      });
      return button;
    }),
  );
  // The focus comes back to the button, where a scanner's Enter would press it again.
  at("short-dialog").addEventListener("close", () => at("picks-short").blur(), { once: true });
  at("short-dialog").querySelector(".cancel").onclick = () => at("short-dialog").close();
  at("short-dialog").showModal();
}

function line(words) {
  const item = document.createElement("li");
  fillWhole(item, words);
  return item;
}

function stop(one) {
  const item = document.createElement("li");
  const bin = document.createElement("strong");
  bin.textContent = one.bin;
  item.append(bin, " ", one.takes.join("; "));
  return item;
}
