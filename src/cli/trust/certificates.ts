import { visible } from "../../errors.js";
import { configuredField, environmentName } from "../../transport/places.js";
import { acceptAny, digits, onTheHost, pinsIn } from "../../transport/vsphere/certificate.js";
import { type ShownCertificate, shownCertificate } from "../../transport/vsphere/shownCertificate.js";
import type { VsphereTarget } from "../../transport/vsphereTarget.js";
import type { StackConfig } from "../stackConfig.js";
import type { Identity, Place } from "./identity.js";

/** The certificate that a host or a vCenter shows. */
export async function certificateOf(target: VsphereTarget, config: StackConfig | undefined): Promise<Identity> {
  const { host, port } = target;
  const certificate = await shownCertificate(target);
  return {
    host,
    port,
    fingerprints: [certificate.thumbprint],
    place: config === undefined ? inEnvironment(target, certificate) : inConfig(target, certificate, config),
    shown: shown(target, certificate),
    noun: "thumbprint",
    among: (given) => (given.some((pin) => sameAs(certificate, pin) !== undefined) ? [certificate.thumbprint] : []),
    kinds: () => "certificate",
    json: () => ({ certificate }),
  };
}

function inConfig({ host }: VsphereTarget, shown: ShownCertificate, config: StackConfig): Place {
  const path = `esxi-iser:hosts["${host}"].thumbprint`;
  const pinned = configuredField(config, host, "thumbprint")?.value;
  const pins = pinned === undefined || pinned.trim() === acceptAny ? [] : pinsIn(pinned);
  return {
    name: `config ${path}`,
    known: pins.map((pin) => sameAs(shown, pin) ?? pin),
    removal: `pulumi config rm --path '${path}'`,
    write: (added) => config.set(path, [...pins, ...added].join("\n")),
  };
}

/** There is no file for thumbprints, as known_hosts is for keys. */
function inEnvironment({ host }: VsphereTarget, shown: ShownCertificate): Place {
  const variable = environmentName("thumbprint", host);
  const pins = pinsIn(process.env[variable] ?? "");
  return {
    name: `environment ${variable}`,
    known: pins.filter((pin) => pin !== acceptAny).map((pin) => sameAs(shown, pin) ?? pin),
    removal: `unset ${variable}`,
    write: `No stack's config is here to write to. To pin it: export ${variable}='${shown.thumbprint}'`,
  };
}

/** The thumbprint that is shown, if this is another spelling of it, or its SHA-1. */
function sameAs({ thumbprint, sha1Thumbprint }: ShownCertificate, pin: string): string | undefined {
  return [thumbprint, sha1Thumbprint].some((one) => digits(one) === digits(pin)) ? thumbprint : undefined;
}

function shown({ host, port, isVcenter }: VsphereTarget, certificate: ShownCertificate): string {
  const { thumbprint, sha1Thumbprint, subject, issuer, validFrom, validTo } = certificate;
  return [
    `${host} port ${port} shows the certificate:`,
    `  SHA-256  ${thumbprint}`,
    `  SHA-1    ${sha1Thumbprint}`,
    `  of ${visible(subject.replaceAll("\n", " "))}, signed by ${visible(issuer.replaceAll("\n", " "))}, from ${visible(validFrom)} to ${visible(validTo)}`,
    isVcenter
      ? "Compare with what the vCenter itself says."
      : `Compare with what the host itself says, on its console: ${onTheHost}`,
  ].join("\n");
}
