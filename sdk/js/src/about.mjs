// What a value says of itself, where it is a provider's answer: by that its hits' savings are known.

const MAX_PARSED = 1024 * 1024;
const BRACE = 0x7b;

/**
 * Provider, model and usage of OpenAI's and Anthropic's answers as JSON; nothing of any other value.
 * @param {any} value an object, or JSON as text or bytes
 * @returns {{provider?: string, model?: string, usage?: Record<string, any>}}
 */
export function about(value) {
  const found = objectOf(value);
  if (typeof found?.model !== "string" || !isObject(found.usage)) return {};
  const isOpenAi = "choices" in found || found.object === "response";
  const provider = isOpenAi ? "openai" : found.type === "message" ? "anthropic" : undefined;
  return provider === undefined ? {} : { provider, model: found.model.slice(0, 64), usage: found.usage };
}

function objectOf(value) {
  const isText = typeof value === "string";
  if (!isText && !(value instanceof Uint8Array)) return isObject(value) ? value : null;
  if (value.length > MAX_PARSED || (isText ? value[0] !== "{" : value[0] !== BRACE)) return null;
  try {
    return JSON.parse(isText ? value : Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8"));
  } catch {
    return null;
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
