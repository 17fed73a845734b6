// Before a process ends by itself, what its clients have queued is sent.

const clients = new Set();
let isListening = false;

/**
 * Registers a client; the result takes it off again.
 * @param {{flush: () => Promise<boolean>, outbox: {size: number}}} client
 */
export function atExit(client) {
  if (!isListening) {
    isListening = true;
    process.once("beforeExit", drain);
  }
  const held = new WeakRef(client);
  clients.add(held);
  return () => clients.delete(held);
}

async function drain() {
  const left = [...clients].map((held) => held.deref()).filter((client) => client?.outbox.size > 0);
  await Promise.all(left.map((client) => client.flush()));
}
