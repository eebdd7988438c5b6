import { describe, expect, test } from "bun:test";
import { urgentNotice } from "../../src/protocol/attention.ts";
import { Admin, Attention, Interrupt, Request, Status } from "../../src/protocol/codes.ts";
import { encodeCreate, NO_OPTIONS } from "../../src/protocol/create.ts";
import { describeRequest, describeResponse } from "../../src/protocol/describe.ts";
import {
  encodeAttention,
  encodeError,
  type RequestFrame,
  type ResponseFrame,
  responseFramer,
  whole,
} from "../../src/protocol/frames.ts";
import { encodeLoginReply } from "../../src/protocol/login.ts";
import {
  admin,
  auth,
  create,
  encodeItem,
  encodeItems,
  login,
  readbuf,
  sendmsg,
  sessionWord,
  urgent,
} from "../../src/protocol/requests.ts";
import { Random } from "../helpers/random.ts";

const SECRET = "c0ffee".repeat(8);

function request(id: number, body: Buffer, payload: Buffer | string = ""): RequestFrame {
  return { stream: 0x0100, id, body, payload: Buffer.from(payload) };
}

/** A response out of the bytes that are sent. */
function response(bytes: Buffer): ResponseFrame {
  const framer = responseFramer(1024 * 1024);
  framer.push(bytes);
  const frame = framer.next();
  if (frame === undefined) throw new Error("no whole response");
  return whole(frame);
}

const loginBody = (user: string, role = "M", reserved = 36): Buffer =>
  login.encode({ pid: 5822, user, reserved, capver: 1, role });

describe("describeRequest", () => {
  test.each([
    [
      request(Request.login, loginBody("proofu")),
      "login stream=0100 pid=5822 user=proofu role=M dlen=0",
    ],
    [
      request(Request.login, loginBody("?>buf", "i", 3), "|usr:proofu:default"),
      "login stream=0100 pid=5822 user=proofu:default role=i sid=3 dlen=19",
    ],
    [
      request(Request.login, loginBody("?>buf", "s"), "session-x|ord:0.1"),
      "login stream=0100 pid=5822 user=?>buf role=s dlen=17",
    ],
    [request(Request.auth, auth.encode("pkey"), SECRET), "auth stream=0100 protocol=pkey dlen=48"],
    [
      request(Request.create, create.encode(0), "session-x|ord:0.1|envs:TOKEN=x"),
      "create stream=0100 name=session-x ord=0.1 dlen=30",
    ],
    [request(Request.create, create.encode(0)), 'create stream=0100 name="" ord=0 dlen=0'],
    [request(Request.destroy, sessionWord.encode(-1)), "destroy stream=0100 sid=-1 dlen=0"],
    [request(Request.attach, sessionWord.encode(2, 9), "a"), "attach stream=0100 sid=2 dlen=1"],
    [request(Request.detach, sessionWord.encode(2)), "detach stream=0100 sid=2 dlen=0"],
    [request(Request.ping, sessionWord.encode(2)), "ping stream=0100 sid=2 dlen=0"],
    [request(Request.touch, sessionWord.encode(2)), "touch stream=0100 sid=2 dlen=0"],
    [request(Request.ctrlc, sessionWord.encode(2)), "ctrlc stream=0100 sid=2 dlen=0"],
    [
      request(Request.interrupt, sessionWord.encode(2, Interrupt.soft)),
      "interrupt soft stream=0100 sid=2 dlen=0",
    ],
    [
      request(Request.urgent, urgent.encode(0, 2000, 1, -1)),
      "urgent stream=0100 sid=0 type=2000 a=1 b=-1 dlen=0",
    ],
    [
      request(Request.sendmsg, sendmsg.encode({ sid: 0, opt: 0x23, cid: -1 }), "secret"),
      "sendmsg stream=0100 sid=0 opt=0x23 cid=-1 dlen=6",
    ],
    [
      request(Request.admin, admin.encode(0, Admin.getWorkers, 1, -2), "static:"),
      "admin getWorkers stream=0100 sid=0 int2=1 int3=-2 dlen=7",
    ],
    [
      request(Request.admin, admin.encode(0, 4711)),
      "admin 4711 stream=0100 sid=0 int2=0 int3=0 dlen=0",
    ],
    [
      request(Request.readbuf, readbuf.encode(13, -5n, 1), "proof://u@h//etc/x"),
      "readbuf stream=0100 length=13 offset=-5 mode=1 dlen=18",
    ],
    [request(Request.cleanup, Buffer.alloc(16)), "cleanup stream=0100 dlen=0"],
    [request(9999, Buffer.alloc(16), "x"), "9999 stream=0100 dlen=1"],
    [request(Request.login, Buffer.alloc(3)), "login stream=0100 dlen=0"],
  ])("%#", (frame, expected) => {
    expect(describeRequest(frame)).toBe(expected);
  });

  test("never prints a secret", () => {
    const ticket = encodeItem({ ticket: SECRET });
    const env = { ...NO_OPTIONS, env: { TOKEN: SECRET } };
    const frames = [
      request(Request.auth, auth.encode("pkey"), SECRET),
      request(
        Request.login,
        loginBody("?>buf", "i"),
        encodeItems("", [
          ["usr", "a"],
          ["proof", ticket],
        ]),
      ),
      request(Request.login, loginBody("alice"), encodeItems(SECRET, [["ticket", SECRET]])),
      request(Request.create, create.encode(0), encodeCreate("a", "0", env)),
      request(Request.create, create.encode(0), `a|envs:TOKEN=${SECRET}`),
      request(Request.sendmsg, sendmsg.encode({ sid: 0, opt: 2, cid: -1 }), SECRET),
      request(Request.admin, admin.encode(0, Admin.exec), SECRET),
      request(Request.readbuf, readbuf.encode(0, 0n, 0), SECRET),
    ];
    for (const frame of frames) {
      const line = describeRequest(frame);
      expect(line).not.toContain(SECRET);
      expect(line).not.toContain(ticket);
      expect(line).not.toContain(encodeItem(env));
    }
  });

  test.each([
    ["a\u001b[31mb", '"a\\u{1b}[31mb"'],
    ["a\nb", '"a\\u{a}b"'],
    ["a b", '"a b"'],
    ['a" role=A', '"a\\" role=A"'],
    ["a\\", '"a\\\\"'],
    ["a\u202eb", '"a\\u{202e}b"'],
    ["a\u2028b", '"a\\u{2028}b"'],
    ["größer", '"größer"'],
    ["x".repeat(300), `"${"x".repeat(200)}…"`],
  ])("%j cannot be taken for anything else", (user, shown) => {
    const frame = request(Request.login, loginBody("?>buf"), `|usr:${user}`);
    expect(describeRequest(frame)).toContain(` user=${shown} role=M `);
    const alias = request(Request.create, create.encode(0), user);
    expect(describeRequest(alias)).toContain(` name=${shown} ord=0 `);
  });

  test("a role that is no letter is escaped", () => {
    const body = loginBody("alice");
    body[15] = 0x1b;
    expect(describeRequest(request(Request.login, body))).toContain('role="\\u{1b}"');
  });
});

describe("describeResponse", () => {
  const ok = (payload: Buffer): ResponseFrame => ({ stream: 0x0200, status: Status.ok, payload });

  test.each([
    [ok(Buffer.alloc(0)), "ok stream=0200 0 bytes"],
    [ok(encodeLoginReply()), "ok stream=0200 4 bytes"],
    [
      response(encodeAttention(0x0200, Attention.msg, Buffer.alloc(51))),
      "attn msg stream=0200 55 bytes",
    ],
    [
      response(encodeAttention(0x0100, Attention.msgsid, Buffer.from([0, 0, 0, 5, 1]))),
      "attn msgsid stream=0100 cid=5 9 bytes",
    ],
    [
      response(
        encodeAttention(0x0100, Attention.urgent, urgentNotice.encode({ type: 2000, a: 1, b: -1 })),
      ),
      "attn urgent stream=0100 type=2000 a=1 b=-1 16 bytes",
    ],
    [response(encodeAttention(0x0100, Attention.urgent)), "attn urgent stream=0100 4 bytes"],
    [response(encodeAttention(0x0100, Attention.msgsid)), "attn msgsid stream=0100 4 bytes"],
    [response(encodeAttention(0x0100, 4711)), "attn 4711 stream=0100 4 bytes"],
    [{ stream: 1, status: Status.attn, payload: Buffer.alloc(3) }, "attn stream=0001 3 bytes"],
    [
      { stream: 1, status: Status.authmore, payload: Buffer.alloc(8) },
      "authmore stream=0001 8 bytes",
    ],
    [{ stream: 1, status: 4711, payload: Buffer.alloc(8) }, "4711 stream=0001 8 bytes"],
    [
      response(encodeError(0x0100, 3010, "no\u001b\n", { log: [SECRET] })),
      'error notAuthorized stream=0100 text="no\\u{1b}\\u{a}" 69 bytes',
    ],
    [response(encodeError(0x0100, 1, "")), 'error 1 stream=0100 text="" 5 bytes'],
    [{ stream: 1, status: Status.error, payload: Buffer.alloc(1) }, "error stream=0001 1 bytes"],
  ])("%#", (frame, expected) => {
    expect(describeResponse(frame)).toBe(expected);
  });

  test("cuts long texts", () => {
    const line = describeResponse(response(encodeError(1, 3006, "ü".repeat(100_000))));
    expect(line).toBe(`error invalidRequest stream=0001 text="${"ü".repeat(200)}…" 200005 bytes`);
  });
});

test("whatever the bytes are, one printable line comes out", () => {
  const random = new Random(99);
  const ids = [...Object.values(Request), 0, 65_535];
  const statuses = [...Object.values(Status), 1];
  for (let i = 0; i < 3000; i++) {
    const payload = random.bytes(random.below(60));
    const lines = [
      describeRequest({
        stream: random.below(65_536),
        id: ids[random.below(ids.length)] ?? 0,
        body: random.bytes(16),
        payload,
      }),
      describeResponse({
        stream: 1,
        status: statuses[random.below(statuses.length)] ?? 0,
        payload,
      }),
    ];
    for (const line of lines) expect(line).not.toMatch(/[\p{C}\u2028\u2029]/u);
  }
});
