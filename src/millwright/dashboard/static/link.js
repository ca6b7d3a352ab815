// The WebSocket to the server: messages in, commands out, reconnecting by itself.

const RETRY_MS = 1000;

export class Link {
  /** handlers: onMessage(object), onFrame(header, jpeg Blob), onLost() */
  constructor(handlers) {
    this.handlers = handlers;
    this.waiting = new Map(); // command id -> resolve
    this.nextId = 1;
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => (typeof data === "string" ? this.read(JSON.parse(data)) : this.readFrame(data));
    this.socket.onclose = () => {
      for (const resolve of this.waiting.values()) resolve({ ok: false, text: "the connection was lost" });
      this.waiting.clear();
      this.handlers.onLost();
      setTimeout(() => this.connect(), RETRY_MS);
    };
  }

  read(message) {
    if (message.type === "answer") {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
    } else {
      this.handlers.onMessage(message);
    }
  }

  readFrame(data) {
    const length = new DataView(data).getUint32(0);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    this.handlers.onFrame(header, new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }));
  }

  /** Send a command; resolves with the server's answer {ok, text, target, latency_ms}. */
  ask(command) {
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.resolve({ ok: false, text: "not connected" });
    const id = this.nextId++;
    const asked = performance.now();
    this.socket.send(JSON.stringify({ ...command, id }));
    return new Promise((resolve) => {
      this.waiting.set(id, (answer) => resolve({ ...answer, latency_ms: performance.now() - asked }));
    });
  }
}
