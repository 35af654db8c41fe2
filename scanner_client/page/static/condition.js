// In what condition something is, and a picture of it.

import { ask } from "./dialogs.js";

const at = (id) => document.getElementById(id);
const SIDE_MAX = 1600; // pixels: a label can still be read, and a picture has some 300 kB
const QUALITY = 0.85;

export function offerConditions(conditions) {
  at("condition-dialog").querySelector("select").replaceChildren(
    ...conditions.map(([word, title]) => new Option(title, word)),
  );
}

export function askForCondition(send, engine, note) {
  const form = at("condition-dialog").querySelector("form");
  form.reset();
  const say = (last) => send({ type: "condition", condition: form.elements.condition.value, last });
  at("condition-next").onclick = () => {
    say(false);
    at("condition-dialog").close();
  };
  at("photograph").hidden = at("picture").hidden;
  at("photograph").onclick = () => send({ type: "photograph" });
  form.elements.picture.onchange = async () => {
    const [file] = form.elements.picture.files;
    if (!file) return;
    const taken = await engine.photograph(await smaller(file)).catch(() => false);
    if (!taken) note("ask", "page.picture_lost");
  };
  ask("condition-dialog", () => {
    say(true);
    return true;
  });
}

async function smaller(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, SIDE_MAX / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", QUALITY);
  });
}
