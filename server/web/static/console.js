// What a page cannot do without a script: moments in the reader's own time zone, a wedge scanner that types wherever the
// focus happens to be, printing, and looking again by itself while something is under way.
//
// It is loaded before the page is drawn: who sees the page can scan, and a scanner's first key must not be lost.
"use strict";

let early = ""; // typed before the field was there

document.addEventListener("keydown", (event) => {
  const elsewhere = [document.documentElement, document.body].includes(event.target) || event.target.tagName === "A";
  if (!elsewhere || event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
  const scan = document.getElementById("scan");
  if (!scan) {
    early += event.key;
    return;
  }
  event.preventDefault(); // the key is entered here, whatever the browser does with one during a change of focus
  const going = document.activeElement === scan;
  scan.focus();
  scan.value = (going ? scan.value : early) + event.key;
  early = "";
});

document.addEventListener("DOMContentLoaded", () => {
  const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time[datetime]:not([data-keep])")) {
    time.textContent = moment.format(new Date(time.dateTime));
  }
  document.querySelector("[data-print]")?.addEventListener("click", () => print());
  const scan = document.getElementById("scan");
  if (scan && early) {
    scan.focus();
    scan.value = early + scan.value;
    early = "";
  }
  const underWay = document.querySelector("[data-reload]"); // seconds; not while a form is being filled in
  if (underWay) {
    setInterval(() => {
      if (!document.querySelector("input:focus, select:focus, textarea:focus")) location.reload();
    }, 1000 * underWay.dataset.reload);
  }
});
