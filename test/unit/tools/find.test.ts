import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { EngineNotFoundError, findEngine } from "../../../tools/engine/find.js";
import { cliOf, engineScript, installGo, installNpm, Machine, runs, until } from "./machine.js";

const ENTRY = `3.259.0-${process.platform}-${process.arch}`;
const MAIN = "tools/engine/main.ts";

describe("finding the engine", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.dispose());

  const find = () => findEngine(machine.options());
  const reasons = async () => {
    const error = await find().then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(error instanceof EngineNotFoundError);
    return error.attempts.map(({ what, reason }) => `${what.replace(machine.root, "")}: ${reason}`);
  };
  const entry = (name: string) => join(machine.cache, ENTRY, name);
  const install = (folder: string, version?: string) => {
    machine.script(`../${folder}/install`, engineScript(machine.folder(folder), version));
    execFileSync(join(machine.root, folder, "install"), { env: machine.env });
  };
  const prepend = (...folders: string[]) => {
    machine.env.PATH = [...folders.map((name) => machine.folder(name)), machine.env.PATH].join(delimiter);
  };

  describe("on PATH", () => {
    it("takes the CLI that has its language host beside it", async () => {
      install("bin", "v3.260.1");
      assert.deepEqual(await find(), {
        pulumi: join(machine.bin, "pulumi"),
        path: machine.bin,
        version: "3.260.1",
        source: "PATH",
      });
      assert.deepEqual(machine.lines, []);
      assert.deepEqual(machine.cached(), []);
    });

    it("takes a language host from another folder of PATH", async () => {
      install("other");
      rmSync(join(machine.root, "other", "pulumi"));
      machine.script("pulumi", cliOf("3.254.0"));
      prepend("other");
      const engine = await find();
      assert.deepEqual(
        [engine.pulumi, engine.path, engine.version],
        [join(machine.bin, "pulumi"), machine.bin, "3.254.0"],
      );
    });

    it("follows a link to the folder with the language host", async () => {
      install("opt");
      symlinkSync(join(machine.root, "opt", "pulumi"), join(machine.bin, "pulumi"));
      const engine = await find();
      assert.deepEqual([engine.path, engine.source], [join(machine.root, "opt"), "PATH"]);
    });

    it("takes the CLI behind the launcher of the official npm package", async () => {
      install("home/.pulumi/versions/3.259.0/bin");
      machine.script("pulumi", cliOf("v3.259.0"));
      const engine = await find();
      const folder = join(machine.root, "home/.pulumi/versions/3.259.0/bin");
      assert.deepEqual(engine, { pulumi: join(folder, "pulumi"), path: folder, version: "3.259.0", source: "PATH" });
    });

    it("passes over a CLI that is too old, says so, and takes the next one", async () => {
      install("old", "v3.253.9");
      install("bin", "v3.254.0");
      prepend("old");
      assert.equal((await find()).path, machine.bin);
      assert.deepEqual(machine.lines, [
        `engine: ${join(machine.root, "old", "pulumi")}: is version 3.253.9; 3.254.0 is needed`,
      ]);
    });

    const defects: [string, string, RegExp][] = [
      ["has no language host", cliOf("v3.259.0"), /pulumi-language-nodejs is neither beside it nor on PATH/],
      ["prints no version", cliOf('""'), /`pulumi version` prints ""/],
      ["fails", "echo broken >&2; exit 3", /`pulumi version` ended with 3: broken/],
      ["is killed", "kill -9 $$", /`pulumi version` was ended by SIGKILL/],
    ];
    for (const [defect, body, reason] of defects) {
      it(`names a CLI that ${defect}`, async () => {
        machine.script("pulumi", body);
        assert.match((await reasons())[0] ?? "", reason);
      });
    }

    it("names a CLI whose dynamic-provider launcher is missing", async () => {
      install("bin");
      rmSync(join(machine.bin, "pulumi-resource-pulumi-nodejs"));
      assert.match((await reasons())[0] ?? "", /pulumi-resource-pulumi-nodejs is neither beside it nor on PATH/);
    });
  });

  describe("by the npm package", () => {
    it("puts what the package downloaded into the cache, where the next search finds it", async () => {
      installNpm(machine);
      installGo(machine);
      const folder = join(machine.cache, ENTRY);
      assert.deepEqual(await find(), { pulumi: entry("pulumi"), path: folder, version: "3.259.0", source: "npm" });
      assert.ok(!machine.calls().some((call) => call.startsWith("go ")));
      assert.match(
        machine.calls().find((call) => call.startsWith("npm ")) ?? "",
        /install .*--ignore-scripts .*pulumi@3\.259\.0$/,
      );

      rmSync(join(machine.bin, "npm"));
      assert.equal((await find()).source, "cache");
      assert.deepEqual(machine.cached(), [ENTRY]);
    });

    it("goes on to Go when the download fails, with its last words", async () => {
      machine.script("npm", "echo npm error network is unreachable >&2; exit 1");
      installGo(machine);
      assert.equal((await find()).source, "go");
      assert.ok(
        machine.lines.some((line) =>
          /npm package pulumi 3\.259\.0: .*failed: npm error network is unreachable/.test(line),
        ),
      );
    });

    it("does not keep a download of which a part is missing", async () => {
      installNpm(machine);
      appendFileSync(join(machine.root, "release", "make"), '\nrm -f "$1/pulumi-language-nodejs"\n');
      assert.match((await reasons())[2] ?? "", /npm package .*pulumi-language-nodejs is not in the release/);
      assert.deepEqual(machine.cached(), []);
    });
  });

  describe("built with Go", () => {
    it("builds both programs at their versions and copies the launcher", async () => {
      installGo(machine);
      assert.equal((await find()).source, "go");
      const temporary = /\/cache\/\.tmp-[^/]+/g;
      assert.deepEqual(
        machine
          .calls()
          .filter((call) => call.startsWith("go "))
          .map((call) => call.replace(temporary, "TMP")),
        [
          "go mod init scratch",
          "go get github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v3.259.0",
          "go build -ldflags -s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0 -o TMP/out/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
          "go list -m -f {{.Dir}} github.com/pulumi/pulumi/sdk/v3",
          "go mod init scratch",
          "go get github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs@v3.60.0",
          "go build -o TMP/out/pulumi-language-nodejs github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        ],
      );
      assert.deepEqual(readdirSync(join(machine.cache, ENTRY)).sort(), [
        "manifest.json",
        "pulumi",
        "pulumi-language-nodejs",
        "pulumi-resource-pulumi-nodejs",
      ]);
      assert.ok(machine.lines.includes("engine: building the CLI (about 4 minutes, once)"));
    });

    it("leaves the machine's own Go settings as they are", async () => {
      machine.env.GOFLAGS = "-buildvcs=false";
      machine.env.GOPROXY = "off";
      installGo(machine, { whileBuilding: 'echo "settings $GOFLAGS $GOPROXY" >> "$JOURNAL"' });
      await find();
      assert.ok(machine.calls().includes("settings -buildvcs=false off"));
    });

    it("says now and then that it is still building", async () => {
      installGo(machine, { whileBuilding: 'until [ -e "$HOME/heard" ]; do sleep 0.01; done' });
      const heard = (line: string) => {
        machine.lines.push(line);
        if (/still building the CLI .*: \d+ m?s$/.test(line)) writeFileSync(join(machine.root, "home/heard"), "");
      };
      assert.equal((await findEngine(machine.options({ heartbeatMs: 20, log: heard }))).source, "go");
    });

    it("does not keep a CLI that does not work", async () => {
      installGo(machine, { version: "v3.1.0" });
      assert.match((await reasons()).at(-1) ?? "", /Go: is version 3\.1\.0; 3\.254\.0 is needed/);
      assert.deepEqual(machine.cached(), []);
    });
  });

  describe("in the cache", () => {
    const damages: [string, () => void, RegExp][] = [
      ["a changed file", () => appendFileSync(entry("pulumi"), "#"), /pulumi is not the file that was put there/],
      [
        "a missing file",
        () => rmSync(entry("pulumi-language-nodejs")),
        /pulumi-language-nodejs is missing or not executable/,
      ],
      ["a file that is not executable", () => chmodSync(entry("pulumi"), 0o644), /pulumi is missing or not executable/],
      ["an unreadable manifest", () => writeFileSync(entry("manifest.json"), "{"), /manifest\.json is not readable/],
      [
        "a manifest without files",
        () => writeFileSync(entry("manifest.json"), "{}"),
        /pulumi is not the file that was put there/,
      ],
    ];
    for (const [damage, make, reason] of damages) {
      it(`builds anew when it has ${damage}, and says so`, async () => {
        installGo(machine);
        await find();
        make();
        machine.lines.length = 0;
        assert.equal((await find()).source, "go");
        assert.match(machine.lines[0] ?? "", reason);
        assert.equal((await find()).source, "cache");
        assert.deepEqual(machine.cached(), [ENTRY]);
      });
    }

    it("is where XDG_CACHE_HOME says, or in ~/.cache", async () => {
      installGo(machine);
      delete machine.env.ESXI_ISER_ENGINE_CACHE;
      assert.equal((await find()).path, join(machine.root, "home/.cache/pulumi-esxi-iser/engine", ENTRY));
      machine.env.XDG_CACHE_HOME = join(machine.root, "xdg");
      assert.equal((await find()).path, join(machine.root, "xdg/pulumi-esxi-iser/engine", ENTRY));
      assert.equal(
        (await findEngine(machine.options({ cacheDir: join(machine.root, "mine") }))).path,
        join(machine.root, "mine", ENTRY),
      );
    });

    it("is not there when its folder cannot be made, which is said with the folder", async () => {
      writeFileSync(machine.cache, "a file");
      installGo(machine);
      await assert.rejects(
        find(),
        (error) =>
          error instanceof EngineNotFoundError &&
          error.message.includes(machine.cache) &&
          /ESXI_ISER_ENGINE_CACHE/.test(error.message),
      );
    });
  });

  it("lists what was tried, why each failed, and the cure", async () => {
    await assert.rejects(find(), (error) => {
      assert.ok(error instanceof EngineNotFoundError);
      assert.equal(
        error.message.replaceAll(machine.cache, "CACHE"),
        `No usable Pulumi engine. Tried:
  - pulumi on PATH: not there
  - cache CACHE/${ENTRY}: empty
  - npm package pulumi 3.259.0: installing the npm package pulumi 3.259.0: npm is not on PATH
  - build of 3.259.0 with Go: preparing a Go module: go is not on PATH
Cure: put the Pulumi CLI 3.254.0 or later, with its Node language host, on PATH; or Go 1.25.11 or later with access to a module proxy, and run this again.`,
      );
      return true;
    });
    assert.deepEqual(machine.cached(), []);
  });

  describe("in processes of their own", function () {
    this.timeout(180_000);

    const goPid = () => Number(readFileSync(join(machine.root, "home/go.pid"), "utf8"));
    const startBuilding = async () => {
      installGo(machine, { whileBuilding: "sleep 600" });
      const started = machine.start(MAIN);
      await started.says(/building the CLI/);
      await until(() => existsSync(join(machine.root, "home/go.pid")) && goPid() > 0);
      return started;
    };

    it("builds once when two look at once", async () => {
      installGo(machine, { whileBuilding: 'until [ -e "$HOME/waiting" ]; do sleep 0.01; done' });
      const first = machine.start(MAIN, "--json");
      await first.says(/building the CLI/);
      const second = machine.start(MAIN, "--json");
      await second.says(new RegExp(`waiting for process ${first.child.pid}, which is getting the engine already`));
      writeFileSync(join(machine.root, "home/waiting"), "");
      assert.deepEqual(
        [await first.ended, await second.ended],
        [
          { code: 0, signal: null },
          { code: 0, signal: null },
        ],
      );
      assert.deepEqual([JSON.parse(first.stdout).source, JSON.parse(second.stdout).source], ["go", "cache"]);
      assert.equal(machine.calls().filter((call) => /^go build .*cmd\/pulumi$/.test(call)).length, 1);
      assert.deepEqual(machine.cached(), [ENTRY]);
    });

    it("leaves nothing when it is interrupted, neither files nor a compiler", async () => {
      const started = await startBuilding();
      started.child.kill("SIGINT");
      assert.deepEqual(await started.ended, { code: null, signal: "SIGINT" });
      assert.deepEqual(machine.cached(), []);
      await until(() => !runs(goPid()));
    });

    it("leaves no entry when it is killed, and the next one clears up", async () => {
      const started = await startBuilding();
      started.child.kill("SIGKILL");
      await started.ended;
      process.kill(-goPid(), "SIGKILL");
      assert.ok(!existsSync(entry("pulumi")));
      assert.notDeepEqual(machine.cached(), []);
      installGo(machine);
      assert.equal((await find()).source, "go");
      assert.deepEqual(machine.cached(), [ENTRY]);
    });

    it("prints the folder for PATH on standard output, and all the rest on standard error", async () => {
      installGo(machine);
      const started = machine.start(MAIN);
      assert.deepEqual(await started.ended, { code: 0, signal: null });
      assert.equal(started.stdout, `${join(machine.cache, ENTRY)}\n`);
      assert.match(started.stderr, /^engine: /m);
    });

    it("ends with 1 and the list when there is none, with 2 when it is called wrongly, and tells how to call it", async () => {
      const [none, wrong, help] = [machine.start(MAIN), machine.start(MAIN, "--jsno"), machine.start(MAIN, "--help")];
      assert.equal((await none.ended).code, 1);
      assert.match(none.stderr, /^No usable Pulumi engine\. Tried:\n(.*\n){4}Cure: [^\n]*\n$/m);
      assert.equal((await wrong.ended).code, 2);
      assert.match(wrong.stderr, /--jsno[\s\S]*Usage:/);
      assert.equal((await help.ended).code, 0);
      assert.match(help.stdout, /^Usage:/);
    });
  });
});
