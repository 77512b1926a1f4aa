import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { forHost, hostAt, mostHosts } from "../../../../tools/bench/declared.js";
import { peakIn } from "../../../../tools/bench/memory.js";
import { readOptions, roundsFor } from "../../../../tools/bench/options.js";

describe("the options of the benchmark", () => {
  it("measure 1, 10, 50 and 100 hosts, unless others are asked for", () => {
    assert.deepEqual(readOptions([])?.hosts, [1, 10, 50, 100]);
    assert.deepEqual(readOptions(["--hosts", "10,2,10"])?.hosts, [2, 10]);
    assert.equal(readOptions(["--help"]), undefined);
    assert.equal(readOptions(["--start-ms", "0"])?.startMs, 0);
    assert.deepEqual([readOptions([])?.callMs, readOptions(["--call-ms", "20"])?.callMs], [0, 20]);
    assert.deepEqual([readOptions([])?.baselineHosts, readOptions(["--baseline-hosts", "0"])?.baselineHosts], [50, 0]);
    assert.equal(readOptions([])?.parallel, 64);
    assert.equal(readOptions(["--parallel", "0"])?.parallel, undefined);
  });

  it("refuse what is no number, out of bounds or not known", () => {
    for (const args of [
      ["--hosts", "1,x"],
      ["--hosts", ""],
      ["--hosts", "0"],
      ["--hosts", "1000"],
      ["--rounds", "0"],
      ["--round-trip-ms", "1.5"],
      ["--call-ms", "x"],
    ])
      assert.throws(
        () => readOptions(args),
        new RegExp(`^Error: ${args[0]}: .* is no whole number from \\d`),
        args.join(" "),
      );
    assert.throws(() => readOptions(["--no-such"]), /--no-such/);
    assert.throws(() => readOptions(["stray"]), /stray/);
  });

  it("do fewer rounds with more hosts", () => {
    assert.deepEqual(
      [1, 10, 50, 100].map((hosts) => roundsFor(hosts, { rounds: undefined })),
      [3, 3, 1, 1],
    );
    assert.equal(roundsFor(100, { rounds: 4 }), 4);
  });
});

describe("the hosts of the benchmark", () => {
  it("have each a name and an address of its own", () => {
    const all = Array.from({ length: mostHosts }, (_, index) => hostAt(index));
    for (const field of ["name", "address"] as const) assert.equal(new Set(all.map((it) => it[field])).size, mostHosts);
    for (const { address } of all) assert.match(address, /^192\.168\.5[1-5]\.\d{1,3}$/);
  });

  it("are given what was recorded of the first one with their own values", () => {
    assert.equal(
      forHost("esxcli x --ipv4=192.168.51.11 --alias=storage-esx001 --name=chap-esx001", 204),
      "esxcli x --ipv4=192.168.52.15 --alias=storage-esx205 --name=chap-esx205",
    );
  });
});

describe("the peak of a process", () => {
  it("is read in bytes, of one that is there", () => {
    assert.equal(peakIn("Name:\tnode\nVmPeak:\t 1100 kB\nVmHWM:\t    1024 kB\nVmRSS:\t 900 kB\n"), 1_048_576);
    assert.equal(peakIn(""), undefined);
  });
});
