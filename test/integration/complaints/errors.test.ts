import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type ErrorDetails, IserError } from "../../../src/errors.js";
import { chap } from "../../../src/resources/chap.js";
import { answer, type Change, complaint, declaredWith, unchanged } from "../../support/complaint.js";

const secret = "simulated-chap-secret";
const inputs = { adapter: "vmrdma0", level: "required", name: "esx01", secret, secretVia: "argument" };

/** Errors that say less. */
const silentOn =
  (...parts: (keyof ErrorDetails)[]): Change =>
  (life) => ({
    create: (news) =>
      life.create(news).catch((error: IserError) => {
        const said = Object.entries(error.details).filter(([part]) => !parts.some((silent) => silent === part));
        throw new IserError(error.code, { problem: "Client Connection Error", cure: "", ...Object.fromEntries(said) });
      }),
  });

complaint(8, "errors are opaque", () => {
  answer(
    "a command that ESXi refuses is told with host, command line, exit status, ESXi's words and a cure",
    async (lab, change) => {
      lab.hand("esxcli rdma iser add -d vmrdma0");
      const message = "Connect to localhost failed: Connection failure.";
      lab.host.faults.add({ match: "iscsi adapter auth chap set", kind: "fail", message });
      await assert.rejects(declaredWith(lab, chap, change).up(inputs), (error: Error) => {
        assert.match(error.message, /^127\.0\.0\.1: /, "no host");
        assert.match(error.message, / the command failed with status 1\n/, "no exit status");
        assert.match(
          error.message,
          /ESXi said: Connect to localhost failed: Connection failure\.\n/,
          "no words of ESXi",
        );
        assert.match(
          error.message,
          /Command: esxcli iscsi adapter auth chap set --adapter=vmhba64 --direction=uni --level=required --authname=esx01 --secret=\*\*\*\n/,
          "no command",
        );
        assert.match(
          error.message,
          /hostd does not answer.* restart it with .*hostd restart\. \[COMMAND_FAILED\]$/,
          "no cure",
        );
        return true;
      });
    },
    {
      intact: unchanged,
      without: {
        "the host is left out": [silentOn("host"), /no host/],
        "the exit status is left out": [silentOn("problem"), /no exit status/],
        "ESXi's words are left out": [silentOn("said"), /no words of ESXi/],
        "the command is left out": [silentOn("command"), /no command/],
        "the cure is left out": [silentOn("cure"), /no cure/],
      },
    },
  );

  answer(
    "a refused secret is masked in the command line of the error",
    async (lab, definition) => {
      // A new one each time, and without the simulator's password in it: what this process has once taken for a secret it masks from then on.
      const secret = `SIMULATED-${randomUUID()}`;
      lab.hand("esxcli rdma iser add -d vmrdma0");
      lab.host.faults.add({ match: "iscsi adapter auth chap set", kind: "fail" });
      await assert.rejects(lab.lifecycle(definition).up({ ...inputs, secret }), (error: Error) => {
        assert.match(error.message, /Command: esxcli iscsi adapter auth chap set /);
        assert.ok(!error.message.includes(secret), "the error has the secret");
        return true;
      });
    },
    {
      intact: chap,
      without: {
        "the secret is an argument like any other": [
          {
            ...chap,
            plan: (have, want, memory) =>
              chap.plan(have, want, memory).map((command) => {
                if (command.kind !== "esxcli" || command.secret === undefined) return command;
                const { secret: hidden, ...plain } = command;
                return { ...plain, args: [...plain.args, { name: hidden.name, value: hidden.value }] };
              }),
          },
          /the error has the secret/,
        ],
      },
    },
  );
});
