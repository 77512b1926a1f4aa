import { read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { boolean, rows, type Said, text } from "./output.js";

/** Global pause (IEEE 802.3x) of a NIC: what is configured, not what was negotiated. */
export interface Pause {
  /** The NIC honours pause frames. */
  readonly rx: boolean;
  /** The NIC sends pause frames. */
  readonly tx: boolean;
  /** Both are negotiated with the link partner. */
  readonly auto: boolean;
}

/** A row of `network nic list`. [columns: seen on 6.0 to 8; 5.x calls the third one Link] */
export interface NicRow {
  /** `vmnic4` */
  readonly name: string;
  /** `nmlx5_core` */
  readonly driver: string;
  /** `Up` or `Down` */
  readonly link: string;
}

export const nicRows: EsxcliCommand<readonly NicRow[]> = {
  ...read("network nic list", {}, rows({ name: text("Name"), driver: text("Driver"), link: text("LinkStatus") })),
  part: "with driver and link",
};

/** A row of `network nic pauseParams list`. [columns: seen on 7.0 and 8.0.1; their names in XML by the rule for all] */
export interface NicPause extends Pause {
  /** `vmnic4` */
  readonly nic: string;
  readonly supported: boolean;
}

export const pauseList: EsxcliCommand<readonly NicPause[]> = read(
  "network nic pauseParams list",
  {},
  rows({
    nic: text("NIC"),
    supported: boolean("PauseParamsSupported"),
    rx: boolean("PauseRX"),
    tx: boolean("PauseTX"),
    auto: boolean("AutoNegotiation"),
  }),
);

/** All three, because it is not known what a set without one does to it. [`--nic-name`, `--rx` and `--tx`: in use; `-a`: seen; `--auto`: by its help] */
export function pauseSet(nic: string, { auto, rx, tx }: Pause): EsxcliCommand<Said> {
  return write("network nic pauseParams set", { "nic-name": nic, auto, rx, tx });
}
