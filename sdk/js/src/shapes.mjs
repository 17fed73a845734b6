// Provider shapes: which API a request speaks, and what that API's documentation calls the same.
// The rules are those of cache_api/rules/shapes.py; the vectors hold both to the same answers.

export const GENERIC = "generic";
const CHAT = "openai.chat";
const RESPONSES = "openai.responses";
const EMBEDDINGS = "openai.embeddings";
const MESSAGES = "anthropic.messages";
export const COHERE = "cohere.chat";
const COHERE_V1 = "cohere.chat_v1";

export const OPENAI_COMPATIBLE = new Set([
  "openai", "azure", "azure_openai", "openrouter", "together", "groq", "mistral", "deepseek",
  "fireworks", "x-ai", "perplexity", "cerebras",
]);
const MARKS = ["cache_control"];
// OpenAI's own spelling of a mark; in chat requests it counts, as it did when version 1 was fixed.
const RESPONSES_MARKS = [...MARKS, "prompt_cache_breakpoint"];
const TURNS = ["user", "system", "developer"];

/** The API these parameters (no nulls among them) are for; GENERIC when it is none we know. */
export function apiOf(provider, model, params) {
  const speaksMessages = Array.isArray(params.messages);
  if (OPENAI_COMPATIBLE.has(provider)) return speaksMessages ? CHAT : apiOfInput(model, params);
  if (provider === "anthropic") return speaksMessages ? MESSAGES : GENERIC;
  if (provider !== "cohere") return GENERIC;
  if (speaksMessages) return COHERE;
  return typeof params.message === "string" ? COHERE_V1 : GENERIC;
}

function apiOfInput(model, params) {
  // Both take `input`. Items of responses are objects, those of embeddings never are.
  const given = params.input;
  if (Array.isArray(given) && given.length > 0) return given.some(isObject) ? RESPONSES : EMBEDDINGS;
  if (typeof given !== "string" && !Array.isArray(given)) return GENERIC;
  const embeds = /[Ee]mbed/.test(model) || "encoding_format" in params || "dimensions" in params;
  return embeds ? EMBEDDINGS : RESPONSES;
}

/** Replaces members of `params` by their normal form. Nested values are not changed. */
export function normalise(api, params) {
  BY_API[api]?.(params);
}

function chat(params) {
  params.messages = params.messages.map(message);
  if (Array.isArray(params.tools)) params.tools = params.tools.map((tool) => unmarked(tool, MARKS));
}

function anthropic(params) {
  chat(params);
  if (Array.isArray(params.system)) params.system = content(params.system, "text", MARKS);
}

function cohere(params) {
  // Text among a tool's outputs may be cited as a document of its own: those stay lists.
  params.messages = params.messages.map((each) =>
    isObject(each) && each.role === "tool" ? each : message(each),
  );
}

function responses(params) {
  if (!Array.isArray(params.input)) return;
  params.input = params.input.map(item);
  const only = params.input[0];
  if (params.input.length !== 1 || !isObject(only) || Object.keys(only).length !== 2) return;
  // OpenAI on a string as input: "equivalent to a text input with the `user` role".
  if (only.role === "user" && typeof only.content === "string") params.input = only.content;
}

/** A caller's message without its optional `type`; any other item as it is. */
function item(given) {
  if (!isObject(given) || !TURNS.includes(given.role)) return given;
  if (Object.hasOwn(given, "type") && given.type !== "message") return given;
  const { type: _, ...kept } = given;
  if (Array.isArray(kept.content)) {
    kept.content = content(kept.content, "input_text", RESPONSES_MARKS);
  }
  return kept;
}

function message(given) {
  if (!isObject(given) || !Array.isArray(given.content)) return given;
  return { ...given, content: content(given.content, "text", MARKS) };
}

function content(parts, textType, marks) {
  const kept = parts.map((part) => unmarked(part, marks));
  const only = kept[0];
  if (kept.length === 1 && isObject(only) && Object.keys(only).length === 2) {
    if (only.type === textType && typeof only.text === "string") return only.text;
  }
  return kept;
}

function unmarked(part, marks) {
  if (!isObject(part) || !marks.some((mark) => Object.hasOwn(part, mark))) return part;
  return Object.fromEntries(Object.entries(part).filter(([name]) => !marks.includes(name)));
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const BY_API = Object.assign(Object.create(null), {
  [CHAT]: chat,
  [MESSAGES]: anthropic,
  [COHERE]: cohere,
  [RESPONSES]: responses,
});
