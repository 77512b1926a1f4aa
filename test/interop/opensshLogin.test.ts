import assert from "node:assert/strict";
import { after, before, it } from "mocha";
import { Pool } from "../../src/transport/pool.js";
import { otherwise, recorded } from "../support/openssh/config.js";
import { Place } from "../support/openssh/place.js";
import { interop } from "../support/openssh/requirements.js";
import { logs, type Sshd } from "../support/openssh/sshd.js";
import { keygen, keys, startAgent } from "../support/sshServer.js";
import { canary, errorOf, read } from "../support/sshTarget.js";

interop("a login at a real OpenSSH server", () => {
  let place: Place;
  let sshd: Sshd;
  const encrypted = keygen("-t", "ecdsa", "-N", canary.passphrase, "-a", "1");
  const encryptedRsa = keygen("-t", "rsa", "-b", "3072", "-N", canary.passphrase, "-a", "1");
  before(async () => {
    place = await Place.start();
    const known = [keys.rsa, keys.ecdsa, encrypted, encryptedRsa, keys.ed25519].map((key) => key.public);
    sshd = await place.sshd({ authorized: { [place.user.name]: known } });
  });
  after(() => place?.stop());

  /** Logs in and runs a command; what the server logged of it. */
  async function logIn(own: Parameters<Place["target"]>[1] = {}, at = sshd): Promise<string[]> {
    const from = at.log.length;
    const pool = new Pool();
    try {
      const { status, stdout } = await pool.use(place.target(at, own), (session) => session.execute(read()));
      assert.deepEqual([status, stdout.includes("<output")], [0, true], stdout);
    } finally {
      await pool.close();
    }
    return at.log.slice(from).filter((line) => logs.login.test(line) || logs.refusal.test(line));
  }

  it("meets the settings that were recorded of ESXi 8.0.2, but for those that are listed with a reason", () => {
    const effective = sshd.effective().split("\n");
    const asPrinted: Record<string, string> = {
      challengeresponseauthentication: "kbdinteractiveauthentication yes",
      rekeylimit: "rekeylimit 1073741824 3600",
    };
    for (const [key, value] of recorded.filter(([name]) => !(name in otherwise)))
      assert.ok(
        effective.some((line) => line.toLowerCase() === (asPrinted[key] ?? `${key} ${value}`).toLowerCase()),
        key,
      );
    // ESXi leaves it to OpenSSH, whose default it is.
    assert.ok(effective.includes("maxsessions 10"));
  });

  it("gives the password through keyboard-interactive and PAM", async () => {
    const [accepted, ...more] = await logIn();
    assert.match(accepted ?? "", new RegExp(`^Accepted keyboard-interactive/pam for ${place.user.name} `));
    assert.deepEqual(more, []);
  });

  const ways: [string, Parameters<Place["target"]>[1], string][] = [
    ["an RSA key, though the server takes no SHA-1 signature", { privateKey: keys.rsa.private }, "RSA"],
    ["an ECDSA key", { privateKey: keys.ecdsa.private }, "ECDSA"],
    [
      "an encrypted ECDSA key with its passphrase",
      { privateKey: encrypted.private, privateKeyPassword: canary.passphrase },
      "ECDSA",
    ],
    [
      "an encrypted RSA key with its passphrase",
      { privateKey: encryptedRsa.private, privateKeyPassword: canary.passphrase },
      "RSA",
    ],
  ];
  for (const [name, own, kind] of ways)
    it(`takes ${name}, at the first attempt`, async () => {
      const [accepted, ...more] = await logIn(own);
      assert.match(accepted ?? "", new RegExp(`^Accepted publickey for ${place.user.name} .* ${kind} SHA256:`));
      assert.deepEqual(more, []);
    });

  it("takes a key of an SSH agent, for RSA too", async () => {
    for (const [key, kind] of [
      [keys.ecdsa.private, "ECDSA"],
      [keys.rsa.private, "RSA"],
    ] as const) {
      const agent = startAgent([keygen("-t", "ecdsa", "-N", "").private, key]);
      try {
        const said = await logIn({ agentSocketPath: agent.socket });
        assert.match(said.at(-1) ?? "", new RegExp(`^Accepted publickey .* ${kind} SHA256:`));
      } finally {
        agent.stop();
      }
    }
  });

  it("gives the password after a key that the host does not know", async () => {
    const stranger = keygen("-t", "ecdsa", "-N", "").private;
    const said = await logIn({ privateKey: stranger, password: place.user.password });
    assert.match(said.at(-1) ?? "", /^Accepted keyboard-interactive/);
  });

  it("is one attempt with a wrong password, however many resources want it and however often a host may be dialled", async () => {
    const from = sshd.log.length;
    const target = place.target(sshd, { password: canary.wrong, dialErrorLimit: 3 });
    const pool = new Pool();
    const errors = await Promise.all(
      Array.from({ length: 20 }, () => errorOf(pool.use(target, (session) => session.execute(read())))),
    );
    errors.push(await errorOf(pool.use(target, (session) => session.execute(read()))));
    await pool.close();
    for (const { code, message } of errors) {
      assert.equal(code, "LOGIN_REFUSED");
      assert.doesNotMatch(message, /canary/);
    }
    await sshd.settled();
    assert.equal(sshd.count(/PAM: Authentication failure for /, from), 1);
    assert.equal(sshd.count(logs.refusal, from), 1);
  });

  it("is refused with an ed25519 key where the host takes the kinds of FIPS mode only, and says which keys it takes", async () => {
    const fips = recorded.find(([key]) => key === "hostkeyalgorithms")?.[1] ?? "";
    const strict = await place.sshd({
      authorized: { [place.user.name]: [keys.ed25519.public, keys.ecdsa.public] },
      settings: { pubkeyacceptedalgorithms: fips },
    });
    const error = await errorOf(logIn({ privateKey: keys.ed25519.private }, strict));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.match(error.message, /ESXi refuses ed25519 keys: use an RSA or ECDSA key/);
    assert.equal(strict.count(logs.login), 0);
    assert.equal((await logIn({ privateKey: keys.ecdsa.private }, strict)).length, 1);
    // The key itself is known to the user: it is the kind that is refused.
    assert.match((await logIn({ privateKey: keys.ed25519.private })).at(-1) ?? "", /^Accepted publickey .* ED25519/);
  });
});
