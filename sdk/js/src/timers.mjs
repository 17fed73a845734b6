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
