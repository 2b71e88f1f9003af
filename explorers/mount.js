// Mount every explorer of this page from its saved state, without a kernel: on the pages of
// the book, and in a file that `save_html` wrote.
"use strict";

(() => {
  const assets = window.explorerAssets ?? {};
  const modules = new Map();
  const models = new Map();

  // What a figure's script expects of a kernel's model; nobody listens at the other end.
  class Model {
    #values;
    #handlers = new Map();
    constructor(values) {
      this.#values = values;
    }
    get(name) {
      return this.#values[name];
    }
    set(name, value) {
      const changed = [];
      for (const [key, next] of Object.entries(typeof name === "object" ? name : { [name]: value })) {
        if (!Object.is(this.#values[key], next)) changed.push(key);
        this.#values[key] = next;
      }
      for (const key of changed) this.#call(`change:${key}`, this.#values[key]);
      if (changed.length > 0) this.#call("change");
    }
    save_changes() {}
    send() {}
    on(names, handler) {
      for (const name of names.split(/\s+/)) {
        if (!this.#handlers.has(name)) this.#handlers.set(name, new Set());
        this.#handlers.get(name).add(handler);
      }
    }
    off(names, handler) {
      for (const name of names?.split(/\s+/) ?? [...this.#handlers.keys()]) {
        if (handler) this.#handlers.get(name)?.delete(handler);
        else this.#handlers.delete(name);
      }
    }
    #call(name, value) {
      for (const handler of [...(this.#handlers.get(name) ?? [])]) handler(this, value);
    }
  }

  function binary(base64) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new DataView(bytes.buffer);
  }

  function modelOf(id, saved, room) {
    if (models.has(id)) return models.get(id);
    const values = { ...saved.state, _markup: room?.innerHTML ?? "" };
    for (const [key, name] of Object.entries(saved.assets)) values[key] = structuredClone(assets[name]);
    for (const { path, asset } of saved.buffers) {
      const parent = path.slice(0, -1).reduce((value, key) => value[key], values);
      parent[path.at(-1)] = binary(assets[asset]);
    }
    models.set(id, new Model(values));
    return models.get(id);
  }

  // A module's file cannot be imported from disk; its text can.
  function moduleOf(text) {
    if (!modules.has(text)) {
      const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      modules.set(text, import(address).finally(() => URL.revokeObjectURL(address)));
    }
    return modules.get(text);
  }

  async function mount(box, saved) {
    if (box.dataset.state) return;
    box.dataset.state = "mounting";
    const [room, still] = [".explorer-room", ".explorer-still"].map((part) => box.querySelector(part));
    const el = document.createElement("div");
    try {
      const model = modelOf(box.dataset.model, saved, room);
      const module = await moduleOf(model.get("_esm"));
      const widget = typeof module.default === "function" ? await module.default() : module.default;
      // All lie on each other in one place of a grid: see book.css.
      box.append(el);
      await widget.initialize?.({ model });
      await widget.render({ model, el });
      room?.remove();
      still.remove();
      box.dataset.state = "mounted";
    } catch (error) {
      // The still picture says what the figure is about.
      el.remove();
      box.dataset.state = "failed";
      console.error("an explorer could not be mounted:", error);
    }
  }

  const states = JSON.parse(document.getElementById("explorer-states")?.textContent ?? "{}");
  for (const box of document.querySelectorAll(".explorer[data-model]")) {
    if (states[box.dataset.model]) mount(box, states[box.dataset.model]);
  }
})();
