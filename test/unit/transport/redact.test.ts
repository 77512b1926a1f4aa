import assert from "node:assert/strict";
import { IserError } from "../../../src/errors.js";
import { failure, keepSecret, maskError, quotation, redact } from "../../../src/transport/redact.js";

describe("redaction", () => {
  it("masks a registered secret wherever it stands", () => {
    keepSecret("canary-redact-1");
    assert.equal(redact("a canary-redact-1 b canary-redact-1"), "a *** b ***");
  });

  it("masks the longer of two secrets that begin alike", () => {
    keepSecret("canary-redact-2");
    keepSecret("canary-redact-2-longer");
    assert.equal(redact("canary-redact-2-longer"), "***");
  });

  it("masks a secret as it looks in quotes of the shell and in JSON", () => {
    const secret = `canary'redact"3\\`;
    keepSecret(secret);
    assert.equal(redact(`'${secret.replaceAll("'", "'\\''")}'`), "'***'");
    assert.equal(redact(JSON.stringify(secret)), '"***"');
  });

  it("masks single lines of a key, but not its first and last line", () => {
    keepSecret("-----BEGIN X-----\ncanaryLineOne\ncanaryLineTwo\n-----END X-----\n");
    assert.equal(redact("at canaryLineTwo of -----BEGIN X-----"), "at *** of -----BEGIN X-----");
  });

  it("does not look for texts so short that they are in every sentence", () => {
    keepSecret("e");
    keepSecret("");
    keepSecret(undefined);
    assert.equal(redact("the end"), "the end");
  });

  it("masks everything that an error says", () => {
    keepSecret("canary-redact-4");
    const s = "canary-redact-4";
    const error = failure("COMMAND_FAILED", { host: s, problem: s, cure: s, command: s, said: s });
    assert.doesNotMatch(`${error.message}${error.stack}${JSON.stringify(error.details)}`, /canary/);
  });

  it("masks the beginning of a secret at the end of a quotation that was cut", () => {
    keepSecret("canary-redact-5 with blanks");
    assert.equal(redact("it said: x canary-redact-5 wi…\n and more"), "it said: x ***…\n and more");
    assert.equal(redact("it said: xyz…"), "it said: xyz…");
  });

  it("masks the beginning of a secret where a long failure is cut", () => {
    keepSecret("canary-redact-7");
    const said = quotation(`${" ".repeat(64 * 1024 - 8)}canary-redact-7`);
    assert.equal(said.trim(), "***…");
    assert.equal(quotation("short canary-redact-7"), "short ***");
  });

  it("masks an error that was made elsewhere: message, stack, details, and the reasons that Pulumi keeps", () => {
    keepSecret("canary-redact-6");
    const error = new IserError("OUTPUT_NOT_UNDERSTOOD", {
      problem: "canary-redact-6",
      said: "canary-redact-6",
      cure: "none",
    });
    error.stack = `Error: ${error.message}\n    at somewhere`;
    const failed = Object.assign(error, { id: "one", reasons: [error.message] });
    assert.equal(maskError(failed), error);
    const all = JSON.stringify([
      failed.message,
      failed.stack,
      failed.details,
      failed.reasons,
      failed.on("esx01").message,
    ]);
    assert.doesNotMatch(all, /canary/);
    assert.match(failed.stack ?? "", /at somewhere/);
    assert.equal(failed.id, "one");
  });
});
