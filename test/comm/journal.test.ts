/** The stream of a session over connections that break at any point: everything arrives in order, exactly once. */
import { describe, expect, test } from "bun:test";
import { Journal, JOURNAL_LIMIT, type Pieces } from "../../src/comm/journal.ts";
import { CheckError } from "../../src/lib/check.ts";
import { encodeMessage, messageOf } from "../../src/protocol/envelope.ts";
import { ack, resume, resumed, StreamKind } from "../../src/protocol/stream.ts";
import type { Random } from "../helpers/random.ts";
import { walks } from "../helpers/walk.ts";

/** A kind of message that is counted. */
const COUNTED = 30_000;

/** One end: its journal, what it has sent and got, and what is on its way from it. */
class End {
  journal: Journal;
  readonly sent: number[] = [];
  readonly got: number[] = [];
  /** On the way to the other end. */
  way: Pieces[] = [];

  constructor() {
    this.journal = new Journal(this.write);
  }

  readonly write = (pieces: Pieces): void => void this.way.push(pieces);

  send(random: Random): void {
    const number = this.sent.length;
    const body = Buffer.alloc(4 + random.below(random.once(50) ? 300_000 : 20));
    body.writeUInt32BE(number);
    this.sent.push(number);
    this.journal.send([encodeMessage(COUNTED, body)]);
  }

  /** Takes in what the other end has sent first. */
  receive(pieces: Pieces): void {
    const { what, body } = messageOf(pieces);
    switch (what) {
      case StreamKind.ack:
        this.journal.acknowledge(ack.decode({ what, body }).received);
        break;
      case StreamKind.resume: {
        // The answering end first says what it has, then sends the rest.
        this.write([resumed.encode({ received: this.journal.received })]);
        this.journal.connected(resume.decode({ what, body }).received, this.write);
        break;
      }
      case StreamKind.resumed:
        this.journal.connected(resumed.decode({ what, body }).received, this.write);
        break;
      default:
        this.journal.arrived(body.length + 8);
        this.got.push(body.readUInt32BE(0));
    }
  }
}

class World {
  readonly asking = new End();
  readonly answering = new End();
  isUp = true;

  readonly steps: Readonly<Record<string, (random: Random) => void>> = {
    "asking sends": (random) => this.asking.send(random),
    "answering sends": (random) => this.answering.send(random),
    down: () => this.deliver(this.asking, this.answering),
    up: () => this.deliver(this.answering, this.asking),
    cut: () => this.cut(),
    connect: () => this.connect(),
  };

  deliver(from: End, to: End): void {
    const next = from.way.shift();
    if (next !== undefined) to.receive(next);
  }

  cut(): void {
    this.isUp = false;
    for (const end of [this.asking, this.answering]) {
      end.way = [];
      end.journal.disconnected();
    }
  }

  connect(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.asking.write([resume.encode({ received: this.asking.journal.received, isNew: false })]);
  }

  /** Nothing twice, nothing out of order, nothing that was not sent. */
  check(): void {
    for (const [from, to] of [
      [this.asking, this.answering],
      [this.answering, this.asking],
    ] as const) {
      if (to.got.length > 0) expect(to.got.at(-1)).toBe(to.got.length - 1);
      expect(to.got.length).toBeLessThanOrEqual(from.sent.length);
    }
  }

  settle(): void {
    this.connect();
    while (this.asking.way.length + this.answering.way.length > 0) {
      this.steps["down"]?.(undefined as never);
      this.steps["up"]?.(undefined as never);
    }
  }
}

test("whatever is cut, everything arrives in order, exactly once", () => {
  walks(300, (random, note) => {
    const world = new World();
    const names = Object.keys(world.steps);
    for (let taken = 0; taken < 400; taken++) {
      const name = random.pick(names);
      // Cuts are rarer than the rest, so that something gets through.
      if (name === "cut" && !random.once(4)) continue;
      note(name);
      world.steps[name]?.(random);
      world.check();
    }
    note("settle");
    world.settle();
    expect(world.answering.got).toEqual(world.asking.sent);
    expect(world.asking.got).toEqual(world.answering.sent);
  });
});

test("what has arrived is acknowledged after 64 messages or 256 KiB, and not kept any longer", () => {
  const [from, to] = [new End(), new End()];
  for (let number = 0; number < 63; number++) {
    from.journal.send([encodeMessage(COUNTED, Buffer.alloc(4))]);
    to.receive(from.way.shift() ?? []);
  }
  expect(to.way.length).toBe(0);
  from.journal.send([encodeMessage(COUNTED, Buffer.alloc(4))]);
  to.receive(from.way.shift() ?? []);
  expect(to.way.length).toBe(1);
  expect(from.journal.bytes).toBe(64 * 12);
  from.receive(to.way.shift() ?? []);
  expect(from.journal.bytes).toBe(0);
  from.journal.send([encodeMessage(COUNTED, Buffer.alloc(256 * 1024))]);
  to.receive(from.way.shift() ?? []);
  from.receive(to.way.shift() ?? []);
  expect(from.journal.bytes).toBe(0);
  expect(from.journal.unacknowledged).toEqual([]);
});

describe("with much unacknowledged", () => {
  test("the journal is full until half of it is acknowledged", () => {
    const { journal } = new End();
    const piece = Buffer.alloc(JOURNAL_LIMIT / 4);
    for (let number = 0; number < 4; number++) journal.send([piece]);
    expect(journal.isFull).toBe(false);
    journal.send([piece]);
    expect(journal.isFull).toBe(true);
    expect(journal.acknowledge(2)).toBe(false);
    expect(journal.acknowledge(3)).toBe(true);
    expect(journal.acknowledge(4)).toBe(false);
  });
});

test.each([-1, 3, 0.5, Number.NaN, 2 ** 60])(
  "%d of two messages cannot have arrived",
  (received) => {
    const { journal } = new End();
    journal.send([Buffer.alloc(4)]);
    journal.send([Buffer.alloc(4)]);
    expect(() => journal.acknowledge(received)).toThrow(CheckError);
    expect(() => journal.connected(received, () => undefined)).toThrow(CheckError);
  },
);

test("nothing that was acknowledged can be wanted again", () => {
  const { journal } = new End();
  journal.send([Buffer.alloc(4)]);
  journal.acknowledge(1);
  expect(() => journal.connected(0, () => undefined)).toThrow(CheckError);
});

test("what was sent before there was a journal is kept like the rest", () => {
  const way: Pieces[] = [];
  const [before, after] = [[Buffer.alloc(4)], [Buffer.alloc(8)]];
  const journal = new Journal((pieces) => void way.push(pieces), before);
  journal.send(after);
  expect(way).toEqual([after]);
  expect(journal.unacknowledged).toEqual([before, after]);
  journal.disconnected();
  journal.connected(0, (pieces) => void way.push(pieces));
  expect(way).toEqual([after, before, after]);
});
