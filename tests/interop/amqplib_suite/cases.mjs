// What an application on amqplib 2 does: promises, confirm channels, events of channel and connection.

import { once } from "node:events";

import { bodies, closes, connect, equal, Inbox, main, test } from "./harness.mjs";

test("a message is published and consumed", async ({ channel, queue }) => {
  const name = await queue({ durable: true });
  const inbox = new Inbox();
  await channel.consume(name, inbox.receive);
  channel.sendToQueue(name, Buffer.from("hello"), { persistent: true, contentType: "text/plain" });
  const [message] = await inbox.first(1);
  equal(message.content.toString(), "hello", "body");
  equal([message.properties.deliveryMode, message.properties.contentType], [2, "text/plain"]);
  equal([message.fields.redelivered, message.fields.exchange], [false, ""]);
  channel.ack(message);
  equal((await channel.deleteQueue(name)).messageCount, 0, "left");
});

test("a thousand publishes are confirmed", async ({ connection, queue, channel }) => {
  const name = await queue({ durable: true });
  const confirming = await connection.createConfirmChannel();
  let confirmed = 0;
  for (let n = 0; n < 1000; n++) {
    confirming.sendToQueue(name, Buffer.from(`${n}`), { persistent: true }, (error) => {
      if (!error) confirmed += 1;
    });
  }
  await confirming.waitForConfirms();
  equal(confirmed, 1000, "confirms");
  equal((await channel.deleteQueue(name)).messageCount, 1000, "messages");
});

test("a large message arrives whole", async ({ channel, queue }) => {
  const name = await queue({ exclusive: true });
  const body = Buffer.alloc(3_000_000, "0123456789");
  const inbox = new Inbox();
  await channel.consume(name, inbox.receive, { noAck: true });
  channel.sendToQueue(name, body);
  equal((await inbox.first(1))[0].content.equals(body), true, "equal");
});

test("headers of every kind arrive unchanged", async ({ channel, queue }) => {
  const name = await queue({ exclusive: true });
  const headers = {
    text: "나루", yes: true, no: false, none: null, small: 1, byte: -100, large: 2 ** 40,
    negative: -5, half: 0.5, list: [1, "two", [3], { four: 4 }], table: { a: { b: "c" } },
  };
  channel.sendToQueue(name, Buffer.from("x"), {
    headers: { ...headers, raw: Buffer.from([0, 255]), when: { "!": "timestamp", value: 1700000000 } },
  });
  const { properties } = await channel.get(name, { noAck: true });
  const { raw, when, ...rest } = properties.headers;
  equal(rest, headers, "headers");
  equal([...raw], [0, 255], "bytes");
  equal(when, { "!": "timestamp", value: 1700000000 }, "timestamp");
});

test("a returned message is told before its confirm", async ({ connection }) => {
  const channel = await connection.createConfirmChannel();
  const order = [];
  channel.on("return", (message) => order.push(`return ${message.fields.replyText}`));
  channel.sendToQueue("no-such-queue", Buffer.from("x"), { mandatory: true }, () => order.push("ack"));
  await channel.waitForConfirms();
  equal(order, ["return NO_ROUTE", "ack"], "order");
});

test("nack returns a message to its place", async ({ channel, queue }) => {
  const name = await queue({ exclusive: true });
  for (const body of ["a", "b"]) channel.sendToQueue(name, Buffer.from(body));
  const first = await channel.get(name);
  channel.nack(first, false, true);
  const again = await channel.get(name);
  equal([again.content.toString(), again.fields.redelivered], ["a", true]);
  channel.reject(again, false);
  equal((await channel.get(name)).content.toString(), "b", "next");
});

test("ackAll and nackAll settle everything", async ({ channel, queue }) => {
  const name = await queue({ exclusive: true });
  for (let n = 0; n < 10; n++) channel.sendToQueue(name, Buffer.from(`${n}`));
  for (let n = 0; n < 5; n++) await channel.get(name);
  channel.ackAll();
  for (let n = 5; n < 10; n++) await channel.get(name);
  channel.nackAll(true);
  equal((await channel.purgeQueue(name)).messageCount, 5, "returned");
});

test("recover delivers again", async ({ channel, queue }) => {
  const name = await queue({ exclusive: true });
  channel.sendToQueue(name, Buffer.from("x"));
  await channel.get(name);
  await channel.recover();
  equal((await channel.get(name)).fields.redelivered, true, "redelivered");
});

test("prefetch limits what a consumer holds", async ({ channel, queue }) => {
  const name = await queue({ exclusive: true });
  await channel.prefetch(2);
  const inbox = new Inbox();
  await channel.consume(name, inbox.receive);
  for (let n = 0; n < 5; n++) channel.sendToQueue(name, Buffer.from(`${n}`));
  await inbox.first(2);
  equal((await channel.checkQueue(name)).messageCount, 3, "waiting");
  channel.ack(inbox.messages[0]);
  await inbox.first(3);
});

test("topics reach whom they should", async ({ channel, queue, name }) => {
  const exchange = name("x");
  await channel.assertExchange(exchange, "topic", { autoDelete: true });
  const [all, some] = [await queue({ exclusive: true }), await queue({ exclusive: true })];
  await channel.bindQueue(all, exchange, "#");
  await channel.bindQueue(some, exchange, "*.error");
  for (const key of ["kern.error", "kern.info"]) channel.publish(exchange, key, Buffer.from(key));
  const inboxes = [new Inbox(), new Inbox()];
  await channel.consume(all, inboxes[0].receive, { noAck: true });
  await channel.consume(some, inboxes[1].receive, { noAck: true });
  equal(bodies(await inboxes[0].first(2)), ["kern.error", "kern.info"], "all");
  equal(bodies(await inboxes[1].first(1)), ["kern.error"], "some");
});

test("exchanges can be bound to exchanges", async ({ channel, queue, name }) => {
  const [source, target] = [name("x"), name("x")];
  await channel.assertExchange(source, "direct", { autoDelete: true });
  await channel.assertExchange(target, "fanout", { autoDelete: true });
  const bound = await queue({ exclusive: true });
  await channel.bindQueue(bound, target, "");
  await channel.bindExchange(target, source, "key");
  channel.publish(source, "key", Buffer.from("x"));
  const inbox = new Inbox();
  await channel.consume(bound, inbox.receive, { noAck: true });
  equal(bodies(await inbox.first(1)), ["x"], "bodies");
  await channel.unbindExchange(target, source, "key");
});

test("an alternate exchange takes what nobody else does", async ({ channel, queue, name }) => {
  const [first, second] = [name("x"), name("x")];
  await channel.assertExchange(second, "fanout", { autoDelete: true });
  await channel.assertExchange(first, "direct", { autoDelete: true, alternateExchange: second });
  const bound = await queue({ exclusive: true });
  await channel.bindQueue(bound, second, "");
  channel.publish(first, "unknown", Buffer.from("x"));
  const inbox = new Inbox();
  await channel.consume(bound, inbox.receive, { noAck: true });
  await inbox.first(1);
});

test("direct reply-to answers", async ({ connection, channel, queue }) => {
  const name = await queue({ exclusive: true });
  const asker = await connection.createChannel();
  await channel.consume(name, (request) => {
    channel.sendToQueue(request.properties.replyTo, Buffer.from(`re: ${request.content}`), {
      correlationId: request.properties.correlationId,
    });
  }, { noAck: true });
  const inbox = new Inbox();
  await asker.consume("amq.rabbitmq.reply-to", inbox.receive, { noAck: true });
  asker.sendToQueue(name, Buffer.from("ask"), { replyTo: "amq.rabbitmq.reply-to", correlationId: "7" });
  const [answer] = await inbox.first(1);
  equal([answer.content.toString(), answer.properties.correlationId], ["re: ask", "7"]);
});

test("a consumer hears that its queue was deleted", async ({ connection, channel, queue }) => {
  const name = await queue({});
  const inbox = new Inbox();
  await channel.consume(name, inbox.receive);
  await (await connection.createChannel()).deleteQueue(name);
  equal(await inbox.first(1), [null], "what amqplib says of a cancelled consumer");
});

test("a missing queue closes the channel", async ({ channel }) => {
  await closes(channel, 404, "NOT_FOUND - no queue 'missing' in vhost '/'",
    () => channel.checkQueue("missing"));
});

test("a missing exchange closes the channel", async ({ channel }) => {
  await closes(channel, 404, "NOT_FOUND - no exchange 'missing' in vhost '/'",
    () => channel.publish("missing", "key", Buffer.from("x")));
});

test("another durability closes the channel", async ({ connection, channel, queue }) => {
  const name = await queue({ durable: true });
  await closes(channel, 406, `inequivalent arg 'durable' for queue '${name}' in vhost '/': `
    + "received 'false' but current is 'true'", () => channel.assertQueue(name, { durable: false }));
  await (await connection.createChannel()).deleteQueue(name);
});

test("an unknown delivery tag closes the channel", async ({ channel }) => {
  await closes(channel, 406, "PRECONDITION_FAILED - unknown delivery tag 99",
    () => channel.ack({ fields: { deliveryTag: 99 } }));
});

test("expired messages are gone", async ({ channel, queue }) => {
  const name = await queue({ exclusive: true, messageTtl: 50 });
  channel.sendToQueue(name, Buffer.from("x"));
  while ((await channel.checkQueue(name)).messageCount) { /* asks again until the broker agrees */ }
  equal(await channel.get(name), false, "get");
});

test("a heartbeat of one second keeps an idle connection", async () => {
  const connection = await connect("?heartbeat=1");
  const failed = once(connection, "error").then(([error]) => { throw error; });
  const beats = new Promise((done) => {
    let count = 0;
    const stream = connection.connection.stream;
    stream.on("readable", () => { if (++count === 3) done(); });
  });
  await Promise.race([beats, failed]);
  await connection.close();
});

test("frames of 4096 bytes are enough", async ({ queue }) => {
  const name = await queue({ durable: false });
  const connection = await connect("?frameMax=4096");
  const channel = await connection.createChannel();
  const body = Buffer.alloc(20_000, "abc");
  channel.sendToQueue(name, body);
  let got = false;
  while (!got) got = await channel.get(name, { noAck: true });
  equal(got.content.equals(body), true, "equal");
  await channel.deleteQueue(name);
  await connection.close();
});

test("channels are independent", async ({ connection }) => {
  const channels = await Promise.all(Array.from({ length: 50 }, () => connection.createChannel()));
  channels[0].on("error", () => {});
  await closes(channels[0], 404, "NOT_FOUND", () => channels[0].checkQueue("missing"));
  await Promise.all(channels.slice(1).map((channel) => channel.prefetch(1)));
  await Promise.all(channels.slice(1).map((channel) => channel.close()));
});

await main();
