// A mail server of the tests' own: it speaks as much SMTP as a sender needs, and keeps what it is given.
import { createServer, type Server, type Socket } from "node:net";

export interface Letter {
  to: string;
  text: string;
}

export class Mailbox {
  readonly letters: Letter[] = [];
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async open(): Promise<Mailbox> {
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const address = server.address();
    if (!address || typeof address === "string") throw new Error("the mail server has no port");
    const box = new Mailbox(server, address.port);
    server.on("connection", (socket) => box.talk(socket));
    return box;
  }

  close(): void {
    this.server.close();
  }

  private talk(socket: Socket): void {
    let [waiting, to] = ["", ""];
    let reading = false;
    const say = (line: string) => socket.write(`${line}\r\n`);
    // Who hangs up in the middle is tried again by its own rules.
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      waiting += bytes.toString("utf8");
      for (;;) {
        const end = waiting.indexOf(reading ? "\r\n.\r\n" : "\r\n");
        if (end < 0) return;
        const part = waiting.slice(0, end);
        waiting = waiting.slice(end + (reading ? 5 : 2));
        if (reading) {
          reading = false;
          // Soft line breaks and the escaped equals sign of quoted-printable are all that a link can meet.
          this.letters.push({ to, text: part.replaceAll("=\r\n", "").replaceAll("=3D", "=") });
          say("250 taken");
        } else if (/^(EHLO|HELO)/i.test(part)) say("250 mail.test");
        else if (/^RCPT/i.test(part)) {
          to = /<(.*)>/.exec(part)?.[1] ?? "";
          say("250 ok");
        } else if (/^DATA/i.test(part)) {
          reading = true;
          say("354 go on");
        } else if (/^QUIT/i.test(part)) {
          say("221 bye");
          socket.end();
        } else say("250 ok");
      }
    });
    say("220 mail.test");
  }
}
