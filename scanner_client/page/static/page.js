// Shows what the engine says and hands it what the person does. What labels say is only ever put in as text.

import { HttpEngine } from "./engine.js";
import { allowSound, give } from "./signal.js";
import { fillTexts, fillWhole, text } from "./texts.js";
import { isAwaited, mayDo, showCrew } from "./crew.js";
import { askForCondition, offerConditions } from "./condition.js";
import { askForKeys, askForQuantity, askForTask, drawActions, hearOfTask, offerActions } from "./dialogs.js";
import { lookBack, showPast } from "./past.js";
import { askWhyShort, showPacking, showPicks } from "./picks.js";
import { offerReturns, showReturning } from "./returning.js";
import { listenToWedge } from "./wedge.js";

const engine = new HttpEngine();
const at = (id) => document.getElementById(id);

const LONG = 48; // characters of a verdict that still fit in huge letters
const LONGEST = 100; // and in large ones: a file's path and what is wrong with it

let signals = {};
let state = null;
let sounded = null; // the number of the newest scan that was sounded; null before the first state
let watching = false;
let seen = 0; // the number of the last stop that the person has put away
let trouble = ""; // what was last said of the camera
let notice = null; // what is said of a request that was not answered or not taken, and the newest scan when one was again
let full = false; // whether so many pages are open that this one is shown nothing
let chosen = false; // whether the person was asked for a task already
let worker; // who was signed in when that was last looked at; empty for nobody
let offered; // what could be chosen then

engine.state((message) => {
  receive[message.type](message);
});

const receive = {
  hello(message) {
    signals = message.signals;
    document.documentElement.lang = message.language;
    fillTexts(message.texts);
    offerActions(message.actions);
    offerConditions(message.conditions);
    offerReturns(message, send);
  },
  state(message) {
    state = message;
    full = false;
    at("offline").hidden = true;
    document.body.classList.remove("offline", "full");
    show();
  },
  full(message) {
    full = true;
    offline("page.full", { n: message.pages });
    document.body.classList.add("full");
  },
  ended() {
    offline("page.ended");
  },
  lost() {
    offline(state ? "page.ended" : "page.connecting");
  },
};

function offline(key, values) {
  at("offline").textContent = text(key, values);
  at("offline").hidden = false;
  document.body.classList.add("offline");
}

const NOT_TAKEN = { unknown: "page.unknown", refused: "page.not_taken" };
const NOT_KEPT = ["page.not_taken", "page.in_pieces"];

// Hands a request over, and says so where nobody knows what became of it. Gives what `engine.send` gives.
function send(request) {
  const before = newestNumber();
  const sent = full
    ? { number: "", became: Promise.resolve("refused") } // no verdict would be seen here
    : engine.send(request, () => note(sent.number, "ask", "page.unanswered", request));
  sent.became.then((what) => {
    if (what !== "taken") {
      note(sent.number, "stop", NOT_TAKEN[what], request);
      return;
    }
    if (notice?.number === sent.number) notice = null;
    if (notice) notice.over ??= before;
    if (state) showScans(state.scans);
  });
  return sent;
}

function note(number, tone, key, request) {
  const isSecret = /^\s*pin:/i.test(request.text ?? "");
  notice = { number, tone, text: text(key), thing: isSecret ? "" : (request.text ?? ""), kept: !NOT_KEPT.includes(key) };
  showVerdict(notice);
  give(signals[tone] ?? { shakes_ms: [], pitches_hz: [] });
}

function newestNumber() {
  return state?.scans[0]?.n ?? 0;
}

// What was not taken must be scanned again: that is said until a later request leads to a verdict, or a person touches
// the screen. A verdict that was under way, or that the camera led to, says nothing of it.
function hasPassed(refusal) {
  return refusal.over !== undefined && newestNumber() > refusal.over;
}

function show() {
  showCrew(state.crew, send);
  showTask(state.task);
  hearOfTask(state.begun);
  at("finishes").hidden = !state.open_bin;
  at("finishes").textContent = text("page.finishes", { bin: state.open_bin });
  showScans(state.scans);
  showStopped(state.stops, state.scans[0]);
  showQuestion(state.question);
  showCamera(state.camera);
  showCheck(state.check);
  showPicks(state.picks);
  showCount(state.count);
  showPacking(state.packing, state.task?.carton);
  showReturning(state.returning);
  showPast(state.past);
  at("look-back").disabled = !state.task;
  at("queue").textContent = state.queue.text;
  at("queue-trouble").textContent = state.queue.trouble;
  at("kept").textContent = state.kept ? text("page.counted", { n: state.kept }) : "";
  askWhoCameNext();
}

// Whoever has signed in is asked what they do, unless the task under way is theirs as well.
function askWhoCameNext() {
  const came = state.crew?.name ?? "";
  const may = String(state.crew?.actions);
  if (may !== offered) {
    offered = may;
    drawActions(mayDo);
  }
  if (came !== worker) {
    worker = came;
    chosen = Boolean(state.task && mayDo(state.task.action));
    at("task-dialog").close();
  }
  if (isAwaited() || state.crew?.asks || chosen) return;
  if (!state.task || !mayDo(state.task.action)) changeTask();
}

function showTask(task) {
  at("task-title").textContent = task ? task.title : text(isAwaited() ? "page.title" : "page.choose_first");
  const where = task ? [task.document, task.bin, task.carton, task.operator] : [];
  at("task-where").textContent = where.filter(Boolean).join(" · ");
  at("times").hidden = !task || task.quantity === 1;
  at("times").textContent = task ? text("page.times", { n: task.quantity }) : "";
  at("change").disabled = isAwaited();
  at("finish").disabled = !task?.counting;
  for (const button of document.querySelectorAll("nav button:not(#finish)")) button.disabled = !task;
}

function showScans(scans) {
  const newest = scans[0];
  if (notice && hasPassed(notice)) notice = null;
  if (notice) {
    showVerdict(notice);
  } else if (newest) {
    showVerdict(newest);
  } else {
    const waits = isAwaited() ? "page.badge_first" : state.task ? (state.task.counting && !state.task.bin ? "page.waiting_bin" : "page.waiting") : "page.choose_first";
    showVerdict({ tone: "none", text: text(waits), thing: "", kept: true });
  }
  sound([...scans, ...state.stops]);
  at("nothing").hidden = scans.length > 0;
  at("scans").replaceChildren(...scans.map(row));
}

function showVerdict(scan) {
  const verdict = at("verdict");
  verdict.dataset.tone = scan.tone;
  at("sign").textContent = signals[scan.tone]?.sign ?? "";
  fillWhole(at("said"), scan.text);
  at("said").classList.toggle("long", scan.text.length > LONG && scan.text.length <= LONGEST);
  at("said").classList.toggle("longest", scan.text.length > LONGEST);
  fillWhole(at("thing"), scan.thing);
  at("whether").textContent = scan.kept || scan.tone === "info" ? "" : text("page.not_kept");
}

// The next label may come within a second of one that must not be moved: a stop stays until a person puts it away.
function showStopped(stops, newest) {
  const stop = stops.findLast((one) => one.n > seen);
  at("stopped").hidden = !stop || stop.n === newest.n;
  if (!stop) return;
  fillWhole(at("stopped-thing"), stop.thing);
  at("stopped-said").textContent = stop.text;
  at("stopped-seen").onclick = () => {
    seen = stop.n;
    showStopped(stops, newest);
  };
}

// Sounds what is new since the last state: the gravest of it where several came at once.
function sound(scans) {
  const fresh = sounded === null ? [] : scans.filter((scan) => scan.n > sounded);
  sounded = Math.max(sounded ?? 0, scans[0]?.n ?? 0);
  const gravest = ["alarm", "stop", "ask", "look", "good"].find((tone) => fresh.some((scan) => scan.tone === tone));
  if (gravest) give(signals[gravest]);
  if (fresh.length) pulse(at("verdict"));
}

// The same verdict twice in a row would otherwise look as if nothing had happened.
function pulse(element) {
  element.classList.remove("new");
  void element.offsetWidth;
  element.classList.add("new");
}

function row(scan) {
  const item = document.createElement("li");
  item.dataset.tone = scan.tone;
  for (const [name, words] of [["sign", signals[scan.tone].sign], ["what", scan.thing], ["said", scan.text], ["time", scan.time]]) {
    const part = document.createElement("span");
    part.className = name;
    fillWhole(part, words);
    item.append(part);
  }
  return item;
}

function showQuestion(question) {
  at("question").hidden = !question;
  if (!question) return;
  const many = question.behind > 0;
  fillWhole(at("question-thing"), question.thing);
  at("question-text").textContent = question.text;
  at("question-behind").textContent = many ? text("page.question_behind", { n: question.behind }) : "";
  at("question-all").textContent = text("page.yes_all", { n: question.behind + 1 });
  at("question-all").hidden = !many;
}

function answer(keep, every) {
  return () => {
    const { n, behind } = state.question;
    send({ type: "answer", question: n, keep, last: every ? n + behind : n });
  };
}

function showCamera(camera) {
  at("camera").hidden = !camera;
  if (!camera) return;
  at("reads").textContent = state.reads;
  at("camera-trouble").textContent = camera.trouble;
  if (camera.trouble && camera.trouble !== trouble) give(signals.ask);
  trouble = camera.trouble;
  at("camera-again").hidden = camera.running || !state.task;
  if (!watching) {
    watching = true;
    engine.picture(at("picture"), () => true);
  }
}

function showCheck(check) {
  at("check").hidden = !check;
  if (!check) return;
  at("check-place").textContent = check.place;
  at("check-summary").textContent = check.summary;
  for (const part of ["wrong", "missing"]) {
    at(`check-${part}`).hidden = !check[part].length;
    at(`check-${part}`).querySelector("ul").replaceChildren(
      ...check[part].map((words) => {
        const item = document.createElement("li");
        item.textContent = words;
        return item;
      }),
    );
  }
}

const BIN_STATES = { todo: "page.bin_todo", open: "page.bin_open", done: "page.bin_done" };

// The bins that one is to count, in walking order: what is done moves out of the way.
function showCount(count) {
  at("count").hidden = !count;
  if (!count) return;
  at("count-title").textContent = count.title;
  at("count-bins").replaceChildren(
    ...count.bins.map((bin) => {
      const item = document.createElement("li");
      item.dataset.state = bin.state;
      for (const [name, words] of [["code", bin.code], ["note", bin.note], ["state", text(BIN_STATES[bin.state])]]) {
        const part = document.createElement("span");
        part.className = name;
        part.textContent = words;
        item.append(part);
      }
      return item;
    }),
  );
}

function changeTask() {
  if (isAwaited()) return;
  chosen = true;
  askForTask(state?.task, send);
}

history.replaceState(null, "", location.pathname); // the key has become a cookie and need not stay in sight
listenToWedge((scanned) => send({ type: "scanned", text: scanned, by_wedge: true }), () => note("wedge", "ask", "page.in_pieces", {}));
allowSound((sounds) => {
  at("quiet").hidden = sounds;
});
at("change").addEventListener("click", changeTask);
at("quantity").addEventListener("click", () => askForQuantity(send));
at("picks-short").addEventListener("click", () => askWhyShort(send));
at("condition").addEventListener("click", () => askForCondition(send, engine, (tone, key) => note("picture", tone, key, {})));
at("returning-looks").addEventListener("click", () => at("condition").click());
at("key-in").addEventListener("click", () => askForKeys(send));
at("look-back").addEventListener("click", () => lookBack(send));
at("question-yes").addEventListener("click", answer(true, false));
at("question-no").addEventListener("click", answer(false, false));
at("question-all").addEventListener("click", answer(true, true));
for (const button of document.querySelectorAll("[data-send]")) {
  button.addEventListener("click", () => send({ type: button.dataset.send }));
}
// A finger leaves the focus on the button, where a scanner's Enter would press it again; the Tab key may do so.
document.addEventListener("click", (event) => {
  if (event.detail === 0) return;
  event.target.closest("button")?.blur();
  if (!notice || !state) return;
  notice = null;
  showScans(state.scans);
});
