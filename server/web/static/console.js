// The two things that a page cannot do without a script: moments in the reader's own time zone, and a wedge scanner
// that types wherever the focus happens to be.
"use strict";

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]:not([data-keep])")) {
  time.textContent = moment.format(new Date(time.dateTime));
}

const scan = document.getElementById("scan");
document.addEventListener("keydown", (event) => {
  const elsewhere = event.target === document.body || event.target.tagName === "A";
  if (scan && elsewhere && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
    scan.focus();
    scan.value = "";
  }
});
