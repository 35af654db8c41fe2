// Sounds and shakes the pattern of a tone, as the program describes it (`scanner_client/feedback.py`).

const LOUDNESS = 0.35;
const EDGE_S = 0.008; // a beep that begins or ends at once clicks

let context = null;

// Browsers keep quiet until a person has touched the page or pressed a key; `changed` hears whether it may sound.
export function allowSound(changed) {
  context = new AudioContext();
  const say = () => changed(context.state === "running");
  context.addEventListener("statechange", say);
  const wake = () => context.resume();
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, wake, { capture: true });
  say();
}

export function give(signal) {
  if (signal.shakes_ms.length && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(signal.shakes_ms);
  if (context?.state !== "running") return;
  let at = context.currentTime;
  for (const pitch of signal.pitches_hz) {
    beep(pitch, at, signal.beep_ms / 1000, signal.harsh);
    at += (signal.beep_ms + signal.pause_ms) / 1000;
  }
}

function beep(pitch, at, length, harsh) {
  const source = new OscillatorNode(context, { type: harsh ? "square" : "sine", frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(LOUDNESS, at + EDGE_S);
  volume.gain.setValueAtTime(LOUDNESS, at + length - EDGE_S);
  volume.gain.linearRampToValueAtTime(0, at + length);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + length);
}
