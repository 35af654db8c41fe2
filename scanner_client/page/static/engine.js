// What stands behind the page. Here it is the scanner program on this machine, over HTTP; in a browser that decodes by
// itself it is another class with the same three methods. What they carry is defined in `page/protocol.py`.

const WAITING_MAX = 64; // requests that were not answered yet; a person and a wedge scanner are slower than that
const ANSWER_MS_MAX = 8000;
const RETRY_MS = 2000;
const PICTURE_MS_MIN = 80; // twelve pictures a second look live, and leave the processor to the decoder

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class HttpEngine {
  #waiting = 0;
  #last = Promise.resolve();

  // Calls back with each message; {type: "lost"} while the program cannot be reached.
  state(callback) {
    let ended = false;
    const messages = new EventSource("messages");
    messages.onmessage = (event) => {
      const message = JSON.parse(event.data);
      ended = message.type === "ended";
      callback(message);
    };
    messages.onerror = () => {
      messages.close(); // the browser gives up by itself after some answers; this never does
      if (!ended) callback({ type: "lost" });
      setTimeout(() => this.state(callback), RETRY_MS);
    };
  }

  // Hands a request over, one after the other; false where it was not taken.
  send(request) {
    if (this.#waiting >= WAITING_MAX) return Promise.resolve(false);
    this.#waiting += 1;
    this.#last = this.#last.then(() => this.#post(request)).finally(() => {
      this.#waiting -= 1;
    });
    return this.#last;
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

  async #post(request) {
    try {
      const answer = await fetch("requests", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      return answer.ok;
    } catch {
      return false;
    }
  }
}

async function draw(image, blob) {
  const before = image.src;
  image.src = URL.createObjectURL(blob);
  await image.decode();
  image.hidden = false;
  if (before) URL.revokeObjectURL(before);
}
