// Registers cases and runs them one after the other, each with a connection of its own and a bound.

import { once } from "node:events";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NARU_NODE_MODULES}/`);
export const amqplib = require("amqplib");

const LIMIT_MS = 20_000;
const cases = [];
let serial = 0;

/** Registers a case: an async function that gets {connection, channel, name(), queue()}. */
export function test(name, body) {
  cases.push({ name, body });
}

export function connect(options) {
  return amqplib.connect(process.env.NARU_TEST_URL + (options ?? ""));
}

export function equal(actual, expected, what = "value") {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what}: got ${got}, expected ${wanted}`);
}

/** Expects that the promise fails, and that the channel says so with this code and text. */
export async function closes(channel, code, text, action) {
  const closed = once(channel, "error");
  await Promise.resolve(action()).catch(() => {});
  const [error] = await closed;
  equal(error.code, code, "code");
  if (!error.message.includes(text)) throw new Error(`text: got ${error.message}, expected ${text}`);
}

/** A list of what a consumer got, which can be waited upon. */
export class Inbox {
  constructor() {
    this.messages = [];
    this.waiting = [];
  }

  receive = (message) => {
    this.messages.push(message);
    this.waiting = this.waiting.filter(({ count, done }) => {
      if (this.messages.length < count) return true;
      done(this.messages);
      return false;
    });
  };

  first(count) {
    if (this.messages.length >= count) return Promise.resolve(this.messages);
    return new Promise((done) => this.waiting.push({ count, done }));
  }
}

export function bodies(messages) {
  return messages.map((message) => message.content.toString());
}

function within(promise, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done after ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

async function run({ name, body }) {
  const connection = await within(connect(), "connect");
  connection.on("error", () => {});
  try {
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    const unique = (stem = "q") => `${stem}-${++serial}`;
    const queue = async (options) => (await channel.assertQueue(unique(), options)).queue;
    await within(body({ connection, channel, name: unique, queue }), name);
    console.log(`PASS ${name}`);
    return true;
  } catch (error) {
    console.log(error.stack);
    console.log(`FAIL ${name}: ${String(error.message).replaceAll("\n", " ")}`);
    return false;
  } finally {
    await connection.close().catch(() => {});
  }
}

export async function main() {
  const words = process.argv.slice(2);
  let failed = 0;
  for (const each of cases) {
    if (words.length && !words.some((word) => each.name.includes(word))) continue;
    if (!(await run(each))) failed += 1;
  }
  process.exit(failed ? 1 : 0);
}
