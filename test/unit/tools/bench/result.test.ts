import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { barsOf } from "../../../../tools/bench/bars.js";
import { inTurn, median } from "../../../../tools/bench/common.js";
import { between, plotOf, writeDocs } from "../../../../tools/bench/docs.js";
import { textReport } from "../../../../tools/bench/report.js";
import { grouped, type Measurement, type Operation, operations, type Result } from "../../../../tools/bench/result.js";

const contacts = { connections: 1, logins: 1, processes: 40, calls: 0, writes: 18, reads: 22, hosts: 1 };
const quiet = { connections: 0, logins: 0, processes: 0, calls: 0, writes: 0, reads: 0, hosts: 1 };

/** Ours takes as many seconds as there are hosts, the baseline twice and the engine half as many. */
function measured(hosts: number, operation: Operation): Measurement {
  const asks = operation !== "noop" && operation !== "preview";
  return {
    hosts,
    operation,
    transport: "ssh",
    seconds: { ours: [hosts], engine: [hosts / 2], ...(operation === "create" ? { baseline: [hosts * 2] } : {}) },
    ...(operation === "refresh" ? { hostFloorSeconds: hosts / 2 } : {}),
    contacts: [operation === "refresh" ? { ...contacts, processes: 22, writes: 0 } : asks ? contacts : quiet],
    memory: { ours: 150e6, engine: 90e6 },
    simulatorBusy: 0.1,
  };
}

/** Over the vSphere API everything misses the bars, which are of SSH. */
function beside(hosts: number, operation: Operation): Measurement {
  return {
    ...measured(hosts, operation),
    transport: "vsphere",
    seconds: { ours: [hosts * 7], engine: [hosts / 2] },
    contacts: [{ ...contacts, connections: 6, processes: 0, calls: 99 }],
    memory: { ours: 999e6 },
  };
}

const side = { textBytes: 60, stateBytes: 1, medianSeconds: 1, seconds: [1] };
const good: Result = {
  date: "2024-01-15",
  machine: { engine: "3.259.0", node: "v20.0.0", cpus: 2, memoryGb: 8, loadBefore: 0.1, loadAfter: 1.2 },
  cost: { startMs: 300, callMs: 7, roundTripMs: 10 },
  roundTrips: { ssh: { connect: 6, command: 2 }, vsphere: { connect: 5, command: 1 } },
  parallel: "the engine's own",
  commandsAtOnce: 6,
  baseline: "equivalent",
  resourcesPerHost: 12,
  writesPerHost: 18,
  formulas: {},
  measurements: [1, 10, 50, 100].flatMap((hosts) =>
    operations.flatMap((operation) => [measured(hosts, operation), beside(hosts, operation)]),
  ),
  states: [
    { hosts: 100, transport: "ssh", resources: 1200, bytes: 1_700_000, bytesPerResource: 1400 },
    { hosts: 100, transport: "vsphere", resources: 1200, bytes: 1_900_000, bytesPerResource: 1600 },
  ],
  differences: [],
  providerText: { resources: 200, rounds: 5, ours: side, constant: side, ratio: 1.05 },
};

const changed = (hosts: number, operation: Operation, change: Partial<Measurement>): Result => ({
  ...good,
  measurements: good.measurements.map((it) =>
    it.hosts === hosts && it.operation === operation && it.transport === "ssh" ? { ...it, ...change } : it,
  ),
});
const notMet = (result: Result) =>
  barsOf(result).flatMap(({ bar, value, met }) => (met === false ? [`${bar}: ${value}`] : []));

describe("the bars of the benchmark", () => {
  it("are met by what is just good enough", () => {
    assert.deepEqual(
      barsOf(good).filter(({ met }) => met !== true),
      [],
    );
  });

  it("fail each by its own number", () => {
    const seconds = { ours: [14.2], engine: [1], baseline: [20] };
    const cases: [Result, string[]][] = [
      [
        changed(10, "destroy", { contacts: [contacts, { ...contacts, connections: 2 }] }),
        ["connections a host, destroy: 1: 1, 2"],
      ],
      [changed(10, "noop", { contacts: [{ ...quiet, connections: 1 }] }), ["connections a host, no-op up: 0: 0, 1"]],
      [
        changed(50, "create", { contacts: [contacts, { ...contacts, processes: 45 }] }),
        ["esxcli processes a host, create: at most 2 × writes + 8: 45 with 18 writes"],
      ],
      [
        changed(1, "refresh", { contacts: [{ ...contacts, processes: 23, reads: 22 }] }),
        [
          "esxcli processes a host, refresh: at most the different list and get commands: 23 with 22 different commands",
        ],
      ],
      [
        changed(1, "create", { seconds: { ...seconds, baseline: [10] } }),
        ["create of 1 host: at most 1.0 × baseline: 1.42 ×"],
      ],
      [changed(10, "create", { seconds }), ["create of 10 hosts: at most 0.7 × baseline: 0.71 ×"]],
      [
        changed(100, "refresh", { seconds: { ours: [100, 160, 400], engine: [50] } }),
        [
          "refresh of 100 hosts: at most 1.5 × (engine floor + host floor): 1.60 ×",
          "refresh, 100 hosts by 10 hosts: at most 10: 16.00 ×",
        ],
      ],
      [
        changed(100, "update", { memory: { ours: 201e6 } }),
        ["memory of the provider at 100 hosts: at most 200 MB: 201 MB"],
      ],
      [
        { ...good, providerText: { resources: 200, rounds: 5, ours: side, constant: side, ratio: 1.151 } },
        ["create with our provider text: at most 1.15 × with one of 60 bytes: 1.151"],
      ],
      [
        { ...good, states: [{ hosts: 1, transport: "ssh", resources: 12, bytes: 1, bytesPerResource: 1501 }] },
        ["state: at most 1500 bytes a resource: 1501 bytes"],
      ],
    ];
    for (const [result, expected] of cases) assert.deepEqual(notMet(result), expected);
  });

  it("are neither met nor failed by what was not measured", () => {
    const { providerText, ...rest } = good;
    assert.ok(barsOf({ ...rest, measurements: [], states: [] }).every(({ met }) => met === undefined));
    assert.match(
      textReport({ ...rest, measurements: [] }, barsOf({ ...rest, measurements: [] })),
      /^not measured +create of 10/m,
    );
  });
});

describe("the results of the benchmark", () => {
  it("have medians", () => {
    assert.deepEqual([median([3]), median([3, 1]), median([9, 1, 4])], [3, 2, 4]);
    assert.ok(Number.isNaN(median([])));
  });

  it("let each side go first in turn", () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((round) => inTurn(["a", "b", "c"], round).join("")),
      ["abc", "bca", "cab", "abc"],
    );
    assert.deepEqual(inTurn([], 1), []);
  });

  it("count hosts that saw the same together", () => {
    const { hosts, ...seen } = contacts;
    assert.deepEqual(grouped([seen, { ...seen, writes: 1 }, seen]), [
      { ...seen, hosts: 2 },
      { ...seen, writes: 1, hosts: 1 },
    ]);
  });

  it("say what was assumed, and what differs", () => {
    const text = textReport({ ...good, differences: ['nics.1: "a" and "b"'] }, barsOf(good));
    assert.match(
      text,
      /Assumed, not measured on ESXi: .*300 ms.*10 ms.*managed-method call.*assumed to take 7 ms; no real host was asked/,
    );
    assert.match(text, /^State of 100 hosts, vSphere API: 1900000 bytes/m);
    assert.match(text, /differ from ours over SSH in 1 value/);
    assert.match(text, /^nics\.1: "a" and "b"$/m);
    assert.match(
      text,
      /^ *100 +refresh +SSH +1 +100\.00 s +50\.00 s +2\.00 +50\.00 s +1\.00 +1 +1 +22 +0 +0 +150 MB +10 %$/m,
    );
    assert.match(text, /^ *100 +refresh +vSphere API +1 +700\.00 s .* +6 +1 +0 +99 +18 +999 MB +10 %$/m);
    assert.match(text, /^met +create of 10 hosts: at most 0\.7 × baseline +0\.50 ×$/m);
  });
});

describe("docs/performance.md", () => {
  const begin = "<!-- What stands from here to the end marker is written by `npm run bench -- --write`. -->";
  const end = "<!-- End of what is written by `npm run bench -- --write`. -->";

  it("keeps what is written by hand around the results, also the second time", () => {
    const once = between(`# Title\n\nbefore\n\n${begin}\nold\n${end}\n\nafter\n`, "new\n");
    assert.equal(once, `# Title\n\nbefore\n\n${begin}\n\nnew\n\n${end}\n\nafter\n`);
    assert.equal(between(once, "new\n"), once);
  });

  it("is not touched without its markers", () => {
    for (const text of ["", begin, end, `${end}\n${begin}`, `${begin}${begin}${end}`, `${begin}${end}${end}`])
      assert.throws(() => between(text, "new"), /must have these two lines/, text);
  });

  it("is written with the plot and all numbers beside it", () => {
    const folder = mkdtempSync(join(tmpdir(), "esxi-iser-test-"));
    try {
      writeDocs(folder, good, barsOf(good));
      const read = (name: string) => readFileSync(join(folder, name), "utf8");
      const text = read("performance.md");
      assert.match(text, /^\| 100 \| refresh \| SSH \| 1 \| 100\.00 s \|/m);
      assert.match(text, /^\| state: at most 1500 bytes a resource \| 1400 bytes \| met \|$/m);
      assert.match(text, /!\[.*\]\(performance\.svg\)/);
      assert.match(text, /^\| 100 \| refresh \| vSphere API \| 1 \| 700\.00 s \|/m);
      assert.deepEqual(JSON.parse(read("performance.json")).measurements, good.measurements);
      assert.equal(read("performance.svg"), plotOf(good));
      for (const line of ["create", "create, vSphere API", "refresh", "refresh, vSphere API"])
        assert.ok(read("performance.svg").includes(`>${line}</text>`), line);

      writeFileSync(join(folder, "performance.md"), `by hand\n${text}`);
      writeDocs(folder, good, barsOf(good));
      assert.equal(read("performance.md"), `by hand\n${text}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
