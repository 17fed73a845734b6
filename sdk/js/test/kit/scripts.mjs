// Steps of a scripted primary or overflow, as sdk/BEHAVIOUR.md, "The table", has them.

import { setTimeout as pause } from "node:timers/promises";

/** What the next call of a kind shall do: a list whose last step repeats, or "do". */
export function player(lists) {
  const at = {};
  return (kind) => {
    const steps = lists?.[kind];
    if (steps === undefined) return "do";
    const step = steps[Math.min(at[kind] ?? 0, steps.length - 1)];
    at[kind] = (at[kind] ?? 0) + 1;
    return step;
  };
}

/** Waits where the step says so; the step that is left. */
export async function paced(step) {
  const slow = /^slow:(\d+):(.*)$/s.exec(step);
  if (slow === null) return step;
  await pause(Number(slow[1]));
  return slow[2];
}

/** The primary's own error. */
export class PrimaryError extends Error {}

export class ScriptedPrimary {
  constructor({ holds, name, ...lists } = {}) {
    this.holds = new Map(Object.entries(holds ?? {}));
    this.ttl = new Map();
    this.name = name ?? "redis";
    this.asked = { get: 0, set: 0, delete: 0 };
    this.next = player(lists);
  }

  functions() {
    return {
      name: this.name,
      get: (key) => this.play("get", key),
      set: (key, value, ttl) => {
        this.ttl.set(key, ttl);
        return this.play("set", key, value);
      },
      delete: (key) => this.play("delete", key),
    };
  }

  async play(kind, key, value) {
    this.asked[kind] += 1;
    const step = await paced(this.next(kind));
    if (step === "error") throw new PrimaryError("connection reset");
    if (step === "oom") throw new PrimaryError("OOM command not allowed when used memory > 'maxmemory'.");
    if (step.startsWith("hit:")) return step.slice(4);
    if (step === "miss" || step === "ok") return null;
    if (kind === "get") return this.holds.get(key) ?? null;
    if (kind === "set") this.holds.set(key, value);
    else this.holds.delete(key);
    return null;
  }
}
