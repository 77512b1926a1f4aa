import type { TLSSocket } from "node:tls";
import type { IserError } from "../../errors.js";
import { environmentName } from "../places.js";
import { failure } from "../redact.js";
import type { VsphereTarget } from "../vsphereTarget.js";

/** The word that switches the check off. */
export const acceptAny = "insecure-accept-any";

/** Why the certificate of a connection is not acceptable, or undefined if it is. */
export type CertificateRule = (socket: TLSSocket) => IserError | undefined;

/** A thumbprint pins a certificate whoever signed it; else an authority must have, for the host's name. */
export function certificateRule(target: VsphereTarget): CertificateRule {
  const { thumbprint, ca } = target;
  if (thumbprint?.value.trim() === acceptAny) return () => undefined;
  if (thumbprint === undefined)
    return (socket) => {
      if (socket.authorized) return undefined;
      // The types have an Error, and it is the code of one.
      const why = String(socket.authorizationError);
      return ca === undefined
        ? unknown(target, socket, why)
        : changed(target, socket, `${ca.source} does not vouch for it (${why})`);
    };
  const pins = pinsIn(thumbprint.value).map((pin) => pinned(target, pin, thumbprint.source));
  return (socket) => {
    const { fingerprint, fingerprint256 } = socket.getPeerCertificate();
    return pins.includes(digits(fingerprint256)) || pins.includes(digits(fingerprint))
      ? undefined
      : changed(target, socket, `${thumbprint.source} pins ${pins.map(withColons).join(", ")}`);
  };
}

function pinned({ host }: VsphereTarget, pin: string, source: string): string {
  const found = digits(pin);
  if (/^([0-9A-F]{40}|[0-9A-F]{64})$/.test(found)) return found;
  throw failure("INPUT_INVALID", {
    host,
    problem: `The thumbprint of ${source} is neither a SHA-256 (32 bytes in hexadecimal digits) nor a SHA-1 (20 bytes).`,
    cure: `Take it from the host itself: ${onTheHost}`,
  });
}

/** The thumbprints of a setting, as they are written there. */
export function pinsIn(setting: string): readonly string[] {
  return setting.split(/[\s,]+/).filter((pin) => pin !== "");
}

/** A thumbprint however it is spelled. A host that answers without a certificate has none. */
export function digits(thumbprint: string | undefined): string {
  return (thumbprint ?? "").replaceAll(":", "").toUpperCase();
}

function withColons(thumbprint: string): string {
  return thumbprint.replaceAll(/(..)(?=.)/g, "$1:");
}

/** What says the thumbprint on the console of an ESXi host. */
export const onTheHost = "openssl x509 -in /etc/vmware/ssl/rui.crt -noout -fingerprint -sha256";

function changed({ host }: VsphereTarget, socket: TLSSocket, expected: string): IserError {
  return failure("HOST_KEY_CHANGED", {
    host,
    problem: `The host showed the certificate ${seen(socket)}, but ${expected}. No credential was sent.`,
    cure: "If the host has a new certificate, pin its new thumbprint. If not, another machine answers at its address.",
  });
}

function unknown(target: VsphereTarget, socket: TLSSocket, why: string): IserError {
  const { host, port, isVcenter } = target;
  const at = `${host.includes(":") ? `[${host}]` : host}${port === 443 ? "" : `:${port}`}`;
  const print = seen(socket);
  return failure("HOST_KEY_UNKNOWN", {
    host,
    problem: `The host showed the certificate ${print}, for which no known authority vouches (${why}). No credential was sent.`,
    cure: [
      `Compare it with what the host itself says${isVcenter ? "" : `, on its console: ${onTheHost}`}. Then pin it, in one of these ways:`,
      `npx esxi-iser trust --transport vsphere ${at}`,
      `pulumi config set --path 'esxi-iser:hosts["${host}"].thumbprint' '${print}'`,
      `export ${environmentName("thumbprint", host)}='${print}'`,
      `thumbprint: "${print}" in the resource's host${isVcenter ? ".vcenter" : ""}`,
      `Or give the authority that signed it: ca, or ${environmentName("ca")}. Without any check: thumbprint: "${acceptAny}".`,
    ].join("\n"),
  });
}

function seen(socket: TLSSocket): string {
  return socket.getPeerCertificate().fingerprint256 ?? "(none)";
}
