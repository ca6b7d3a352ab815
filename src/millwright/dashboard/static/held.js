// The arrow keys that are held, told to the server when they change and, while any is held, again and again: what it does
// not hear of for a second it lets go.

const NAMES = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const AGAIN_MS = 300;

export class HeldKeys {
  /** pad: shows them; actions: {active(): may this page drive now, tell(names), begin(): a key was pressed; false where nothing can begin yet} */
  constructor(pad, actions) {
    this.pad = pad;
    this.actions = actions;
    this.held = new Set();
    this.tooEarly = false;
    document.addEventListener("keydown", (event) => this.press(event), true);
    document.addEventListener("keyup", (event) => this.lift(event), true);
    window.addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
  }

  isActive() {
    return this.actions.active();
  }

  press(event) {
    const key = NAMES[event.key];
    if (!key || event.ctrlKey || event.metaKey || event.altKey || !this.isActive()) return;
    if (event.target.closest?.("input, select, textarea, dialog")) return;
    event.preventDefault(); // nothing scrolls
    event.stopPropagation();
    if (event.repeat || this.held.has(key)) return;
    this.held.add(key);
    this.tell();
    this.begin();
  }

  begin() {
    this.tooEarly = !this.actions.begin();
  }

  /** What a key wanted that was pressed too early begins as soon as it can, if it is held still. */
  catchUp() {
    if (this.tooEarly && this.held.size && this.isActive()) this.begin();
  }

  lift(event) {
    if (this.held.delete(NAMES[event.key])) this.tell();
  }

  /** All of them: the window is looked at no more, or somebody else drives. */
  release() {
    if (!this.held.size) return;
    this.held.clear();
    this.tell();
  }

  tell() {
    for (const key of this.pad.querySelectorAll("[data-key]")) key.classList.toggle("held", this.held.has(key.dataset.key));
    this.actions.tell([...this.held]);
    clearInterval(this.again);
    if (this.held.size) this.again = setInterval(() => this.actions.tell([...this.held]), AGAIN_MS);
  }
}
