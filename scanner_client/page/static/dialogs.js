// What a person is asked for in a dialog: the task, how many pieces, a label that cannot be scanned.

import { text } from "./texts.js";

const at = (id) => document.getElementById(id);

let actions = [];
let action = null;
let asked = null; // the number of the task that was asked for and of which nothing was heard yet

export function offerActions(offered) {
  actions = offered;
  drawActions(() => true);
}

// Only those are shown that whoever is signed in may do.
export function drawActions(isAllowed) {
  at("actions").replaceChildren(
    ...actions.filter((one) => isAllowed(one.name)).map((one) => {
      const button = document.createElement("button");
      button.type = "button";
      const title = document.createElement("strong");
      title.textContent = one.title;
      const explanation = document.createElement("span");
      explanation.textContent = one.explanation;
      button.append(title, explanation);
      button.addEventListener("click", () => choose(one));
      return button;
    }),
  );
}

export function askForTask(task, send) {
  const form = at("task-dialog").querySelector("form");
  form.reset();
  form.elements.operator.value = task?.operator ?? "";
  choose(null);
  wait(null);
  ask("task-dialog", () => {
    if (!action || asked) return false;
    const given = { type: "begin", action: action.name };
    for (const name of ["document", "location", "container", "reason", "operator"]) {
      const value = form.elements[name].value.trim();
      if (value) given[name] = value;
    }
    const { number, became } = send(given);
    wait(number);
    document.activeElement.blur(); // what a wedge types now is a scan
    became.then((what) => {
      if (what === "taken" || asked !== number) return;
      wait(null);
      showTrouble("", text(what === "unknown" ? "page.unknown" : "page.not_taken"));
    });
    return false;
  });
}

// What became of the tasks that pages asked for: the form goes when ours has begun, and stays as it is where it cannot.
export function hearOfTask(begun) {
  const answer = asked && begun.find((one) => one.number === asked);
  if (!answer) return;
  wait(null);
  if (answer.trouble) showTrouble(answer.field, answer.trouble);
  else at("task-dialog").close();
}

function wait(number) {
  asked = number;
  at("start").disabled = Boolean(number);
  hideTrouble();
}

// Beside the field that is wrong; below all of them where none alone is.
function showTrouble(name, words) {
  const trouble = at("task-trouble");
  const input = at("task-fields").querySelector(`input[name="${name}"]`);
  trouble.textContent = words;
  trouble.hidden = false;
  if (!input) return;
  input.closest("label").after(trouble);
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", trouble.id);
  input.focus();
  input.select();
}

function hideTrouble() {
  const trouble = at("task-trouble");
  trouble.hidden = true;
  at("task-fields").append(trouble);
  for (const input of at("task-fields").querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

export function askForQuantity(send) {
  const input = at("quantity-dialog").querySelector("input");
  input.value = "";
  ask("quantity-dialog", () => {
    send({ type: "quantity", pieces: Number(input.value) });
    return true;
  });
}

export function askForKeys(send) {
  const form = at("key-dialog").querySelector("form");
  form.reset();
  ask("key-dialog", () => {
    send({ type: "keyed", first: form.elements.first.value, second: form.elements.second.value });
    return true;
  });
}

function choose(one) {
  action = one;
  const fields = at("task-fields");
  at("actions").hidden = Boolean(one);
  at("task-dialog").querySelector("h2").hidden = Boolean(one);
  for (const element of [fields, at("start"), at("other-action")]) element.hidden = !one;
  if (!one) return;
  at("chosen").querySelector("strong").textContent = one.title;
  at("chosen").querySelector("span").textContent = one.explanation;
  at("reason-label").hidden = !one.needs.includes("reason");
  for (const input of fields.querySelectorAll("input")) {
    input.labels[0].dataset.note = text(note(one, input.name));
  }
  fields.querySelector("input").focus();
}

// Bins and cartons can be scanned when the work has begun; nothing else says what document a count is for.
function note(one, name) {
  if (!one.needs.includes(name)) return "page.optional";
  return ["document", "reason"].includes(name) ? "page.needed" : "page.scan_next";
}

// Opens a dialog; `done` is called when it is submitted and says whether it may close.
export function ask(id, done) {
  const dialog = at(id);
  const form = dialog.querySelector("form");
  form.onsubmit = (event) => {
    event.preventDefault();
    if (done()) dialog.close();
  };
  dialog.querySelector(".cancel").onclick = () => dialog.close();
  dialog.showModal();
}

// A scanner's Enter in a field goes on to the next one; in the last it starts.
for (const form of document.querySelectorAll("dialog form")) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    const inputs = [...form.querySelectorAll("input")];
    const next = inputs[inputs.indexOf(event.target) + 1];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}
at("task-fields").addEventListener("input", hideTrouble);
at("other-action").addEventListener("click", () => choose(null));
