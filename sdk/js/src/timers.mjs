/**
 * Waits for something, at most so long. No timer is left behind: it would hold the process up.
 * @param {number} ms
 * @param {Promise<unknown>} task one that does not reject
 */
export async function within(ms, task) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([task, late]);
  clearTimeout(timer);
}

/**
 * A timer that is not fooled by a busy process: what has arrived when its time is up is read first.
 * @param {() => void} then
 * @param {number} ms
 * @returns {{clear: () => void}}
 */
export function after(ms, then) {
  let immediate;
  const timer = setTimeout(() => {
    immediate = setImmediate(then);
  }, ms);
  return {
    clear() {
      clearTimeout(timer);
      if (immediate !== undefined) clearImmediate(immediate);
    },
  };
}
