import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { after, before, it } from "mocha";
import type { EsxcliCommand, LogQuery } from "../../src/esxcli/command.js";
import { portGroup } from "../../src/resources/portGroup.js";
import { Pool } from "../../src/transport/pool.js";
import { Place } from "../support/openssh/place.js";
import { interop } from "../support/openssh/requirements.js";
import type { Sshd } from "../support/openssh/sshd.js";
import { read } from "../support/sshTarget.js";

/** What a shell would do something about, and what it would not. */
const names = [
  "iSER b",
  "  blanks  at both ends  ",
  'it\'s "quoted"',
  "'",
  "''",
  "$(touch /tmp/x) `id` $HOME $$ $? $" + "{HOME}",
  "a;b & c && d | e || f > g < h >> i",
  "back\\slash \\n \\\\ \\'",
  "*?[a-z]{1,2}~!#%^()",
  "Zürich Ünïcödé 東京 🙂 e\u0301",
  "two\nlines\tand a tab\r",
  "\u0001\u001b[31m\u007f",
  "a=b --name=c",
];

interop("the words of a command over a real OpenSSH server and BusyBox ash", () => {
  let place: Place;
  let sshd: Sshd;
  let pool: Pool;
  before(async () => {
    place = await Place.start();
    sshd = await place.sshd();
    pool = new Pool();
  });
  after(async () => {
    await pool?.close();
    await place?.stop();
  });

  /** The words that the esxcli on the host was given after its own, as bytes. */
  async function given(values: readonly string[]): Promise<string[]> {
    const command: EsxcliCommand<string> = { ...read(), args: values.map((value) => ({ name: "alias", value })) };
    await pool.use(place.target(sshd), (session) => session.execute(command));
    const words = place.bridge.calls.at(-1)?.words ?? [];
    assert.deepEqual(words.slice(0, 4).map(String), ["--formatter=xml", "iscsi", "adapter", "list"]);
    return words.slice(4).map((word) => word.toString("hex"));
  }
  const sent = (values: readonly string[]) =>
    values.map((value) => Buffer.from(`--alias=${value}`, "utf8").toString("hex"));

  for (const name of names)
    it(`arrive byte for byte: ${JSON.stringify(name)}`, async () => {
      assert.deepEqual(await given([name]), sent([name]));
    });

  it("arrive byte for byte, a thousand of any characters", async () => {
    const any = fc
      .string({ unit: "binary", minLength: 1 })
      .filter((text) => !text.includes("\0") && !/\p{Surrogate}/u.test(text));
    const values = fc.sample(any, 1000);
    assert.deepEqual(await given(values), sent(values));
  });

  it("are read back as they were declared", async () => {
    const lab = place.lab(sshd);
    const bare = place.host.dump();
    const declared = [];
    for (const name of names
      .slice(0, 9)
      .concat("Zürich 東京 🙂")
      .map((text) => text.trim())) {
      const one = lab.lifecycle(portGroup);
      await one.up({ name, virtualSwitch: "vSwitch0", vlanId: 51 });
      assert.ok(place.host.dump().includes(JSON.stringify(name)), name);
      assert.deepEqual(await one.refresh(), []);
      declared.push(one);
    }
    for (const one of declared) await one.destroy();
    assert.equal(place.host.dump(), bare);
    await lab.close();
  });

  const search = (file: string, containing: string, last: number): LogQuery<string> => ({
    kind: "log",
    file,
    containing,
    last,
    effect: "read",
    decode: (text) => text,
  });
  const searched = (query: LogQuery<string>) => pool.use(place.target(sshd), (session) => session.execute(query));

  it("search a log with BusyBox's own grep and tail, for the text as it stands", async () => {
    const file = join(place.folder, "a 'log' of Zürich.log");
    writeFileSync(file, ["vmrdma0 a", "[v.*] it's 1", "[v.*] it's 2", "vxx it's", "[v.*] it's 3"].join("\n"));
    const { stdout, status } = await searched(search(file, "[v.*] it's", 2));
    assert.deepEqual([stdout, status], ["[v.*] it's 2\n[v.*] it's 3\n", 0]);
    assert.equal((await searched(search(file, "--help", 2))).stdout, "");
  });

  it("find nothing in a log that does not exist, which is no failure", async () => {
    assert.deepEqual(await searched(search(join(place.folder, "none.log"), "x", 2)), {
      status: 0,
      stdout: "",
      stderr: "",
    });
  });
});
