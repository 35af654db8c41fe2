// A wedge scanner types a label's characters and Enter, wherever the focus happens to be.

const MEAN_MS_MAX = 80; // between two keys of one scan; the slowest wedges are set to 50, quick typists take 100
const GAP_MS_MAX = 1000; // radio and a busy machine hold a key up now and then: what came before it is not cut off
const REST_MS_MAX = 10_000; // what comes after such a gap, and before this, is the rest of the scan
const KEYS_MIN = 3;
const KEYS_MAX = 4096;
const FNC1 = "\u001d"; // group separator, as GS1 General Specifications 7.8 has wedges send it

// Calls back with the text of each scan, or `inPieces` where one came with so long a gap that nobody can say which piece
// belongs to it: a piece is never taken for a label. What is typed in a field of a form belongs to the field.
export function listenToWedge(callback, inPieces) {
  let text = "";
  let first = -Infinity; // when the first and the last key of the text came
  let last = -Infinity;
  let heldUp = 0; // the longest wait between two of its keys, which says nothing about who types
  let broken = false; // whether a scan's beginning was cut off before this text
  let ended = -Infinity; // when the last scan's Enter came

  const isQuick = (until, longest) => text.length >= KEYS_MIN && until - first - longest <= MEAN_MS_MAX * text.length;
  const isCutOff = (gap) => gap > GAP_MS_MAX && gap <= REST_MS_MAX && isQuick(last, heldUp);

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.target.closest?.("input, textarea, select")) return;
    const gap = event.timeStamp - last;
    const hurried = gap <= GAP_MS_MAX;
    if (event.key === "Enter") {
      const inParts = broken || isCutOff(gap);
      const scanned = hurried && isQuick(event.timeStamp, Math.max(heldUp, gap)) ? text : "";
      if (scanned || inParts || event.timeStamp - ended <= GAP_MS_MAX) {
        event.preventDefault(); // neither it nor the line feed behind it presses the button that has the focus
        ended = event.timeStamp;
      }
      text = "";
      broken = false;
      if (inParts) inPieces();
      else if (scanned) callback(scanned);
      return;
    }
    const character = characterOf(event);
    if (!character) return;
    const alone = !hurried || !text;
    if (!(alone && character === " ")) event.preventDefault(); // a space alone may press a button, one in a label not
    if (alone) {
      broken = gap <= REST_MS_MAX && (broken || isCutOff(gap));
      first = event.timeStamp;
      text = "";
    }
    heldUp = alone ? 0 : Math.max(heldUp, gap);
    if (text.length < KEYS_MAX) text += character; // one of so many is too long for the program, which says so
    last = event.timeStamp;
  }, { capture: true });
}

function characterOf(event) {
  const altGraph = event.getModifierState("AltGraph"); // Ctrl and Alt together type a character on many keyboards
  if (event.key === FNC1) return FNC1;
  if (event.ctrlKey && !altGraph && (event.key === "]" || event.code === "BracketRight")) return FNC1;
  if ((event.ctrlKey || event.altKey || event.metaKey) && !altGraph) return "";
  return [...event.key].length === 1 ? event.key : "";
}
