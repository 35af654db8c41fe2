// What stands behind the page. Here it is the scanner program on this machine, over HTTP; in a browser that decodes by
// itself it is another class with the same three methods. What they carry is defined in `page/protocol.py`.

const WAITING_MAX = 64; // requests that were not answered yet; a person and a wedge scanner are slower than that
const ANSWER_MS_MAX = 4000; // twice as long as the program waits for room before it refuses
const ASKS_MAX = 4; // with one number; the program takes it once
const RETRY_MS = 2000;
const PICTURE_MS_MIN = 80; // twelve pictures a second look live, and leave the processor to the decoder

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class HttpEngine {
  #waiting = 0;
  #last = Promise.resolve();
  #page = crypto.randomUUID();
  #sent = 0;
  #reached = false; // whether messages come in

  // Calls back with each message; {type: "lost"} while the program cannot be reached.
  state(callback) {
    let said = false; // whether the last message says why no more come
    const messages = new EventSource("messages");
    messages.onmessage = (event) => {
      const message = JSON.parse(event.data);
      said = message.type === "ended" || message.type === "full";
      this.#reached = !said;
      callback(message);
    };
    messages.onerror = () => {
      messages.close(); // the browser gives up by itself after some answers; this never does
      this.#reached = false;
      if (!said) callback({ type: "lost" });
      setTimeout(() => this.state(callback), RETRY_MS);
    };
  }

  // Hands a request over, one after the other. Gives its number, and what became of it: "taken", "refused", or "unknown"
  // where no answer came. `unanswered` is called where that takes long.
  send(request, unanswered) {
    this.#sent += 1;
    const number = `${this.#page}-${this.#sent}`;
    if (this.#waiting >= WAITING_MAX) return { number, became: Promise.resolve("refused") };
    this.#waiting += 1;
    this.#last = this.#last.then(() => this.#post({ ...request, number }, unanswered)).finally(() => {
      this.#waiting -= 1;
    });
    return { number, became: this.#last };
  }

  // Shows the newest camera picture in an image while `wanted()` says so; one is fetched when the last is drawn.
  async picture(image, wanted) {
    let shown = 0;
    while (wanted()) {
      const began = performance.now();
      try {
        const answer = await fetch(`picture?after=${shown}`);
        if (answer.status === 200) {
          shown = Number(answer.headers.get("Picture-Number"));
          await draw(image, await answer.blob());
        } else if (answer.status !== 204) {
          await pause(RETRY_MS);
        }
      } catch {
        await pause(RETRY_MS);
      }
      await pause(Math.max(0, PICTURE_MS_MIN - (performance.now() - began)));
    }
  }

  // Sends a picture of the last scan; resolves to whether it was taken.
  async photograph(blob) {
    this.#sent += 1;
    const headers = { "Content-Type": blob.type, "Request-Number": `${this.#page}-${this.#sent}` };
    try {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      return (await fetch("photograph", { method: "POST", headers, body: blob, signal })).ok;
    } catch {
      return false;
    }
  }

  async #post(request, unanswered) {
    for (let asked = 1; asked <= ASKS_MAX; asked += 1) {
      const reached = this.#reached;
      try {
        const answer = await fetch("requests", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(request),
          signal: AbortSignal.timeout(ANSWER_MS_MAX),
        });
        return answer.ok ? "taken" : "refused";
      } catch (error) {
        // A program that had gone before the first time took nothing.
        if (asked === 1 && !reached && error.name === "TypeError") return "refused";
      }
      unanswered();
      if (asked < ASKS_MAX) await pause(RETRY_MS);
    }
    return "unknown";
  }
}

async function draw(image, blob) {
  const before = image.src;
  image.src = URL.createObjectURL(blob);
  await image.decode();
  image.hidden = false;
  if (before) URL.revokeObjectURL(before);
}
