import type { Random } from "./random.ts";

/** One provider: a usual variable name and how its secrets look. */
export interface Provider {
  readonly name: string;
  readonly variable: string;
  readonly make: (random: Random) => string;
}

const dash = "-".repeat(5);

const pem =
  (kind: string) =>
  (r: Random): string => {
    const lines = Array.from({ length: 6 + r.below(18) }, () => r.base64(64));
    lines.push(`${r.base64(40)}==`);
    return [`${dash}BEGIN ${kind}${dash}`, ...lines, `${dash}END ${kind}${dash}`].join("\n");
  };
const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

// Prefixes are put together here, so that no line of this file looks like a token.
const make =
  (...parts: ((r: Random) => string)[]) =>
  (r: Random): string =>
    parts.map((part) => part(r)).join("");
const is =
  (...parts: string[]) =>
  (): string =>
    parts.join("");
const word =
  (n: number) =>
  (r: Random): string =>
    r.word(n);
const hex =
  (n: number) =>
  (r: Random): string =>
    r.hex(n);
const url =
  (n: number) =>
  (r: Random): string =>
    r.url(n);
const upper =
  (n: number) =>
  (r: Random): string =>
    r.upper(n);
const lower =
  (n: number) =>
  (r: Random): string =>
    r.lower(n);
const b64 =
  (n: number) =>
  (r: Random): string =>
    r.base64(n);
const digits =
  (n: number) =>
  (r: Random): string =>
    r.digits(n);

const table: readonly (readonly [string, string, (r: Random) => string])[] = [
  [
    "aws id",
    "AWS_ACCESS_KEY_ID",
    make(is("AK", "IA"), (r) => r.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
  ],
  ["aws secret", "AWS_SECRET_ACCESS_KEY", b64(40)],
  ["gcp key", "GOOGLE_API_KEY", make(is("AI", "za"), is("Sy"), url(33))],
  ["gcp oauth", "GOOGLE_CLIENT_SECRET", make(is("GOC", "SPX-"), url(28))],
  ["github classic", "GITHUB_TOKEN", make(is("gh", "p_"), word(36))],
  ["github app", "GH_TOKEN", make(is("gh", "s_"), word(36))],
  ["github fine", "GITHUB_PAT", make(is("github", "_pat_"), word(22), is("_"), word(59))],
  ["gitlab", "GITLAB_TOKEN", make(is("gl", "pat-"), url(20))],
  [
    "slack bot",
    "SLACK_BOT_TOKEN",
    make(is("xo", "xb-"), digits(12), is("-"), digits(13), is("-"), word(24)),
  ],
  [
    "slack user",
    "SLACK_TOKEN",
    make(is("xo", "xp-"), digits(12), is("-"), digits(12), is("-"), digits(12), is("-"), hex(32)),
  ],
  [
    "slack hook",
    "SLACK_WEBHOOK_URL",
    make(
      is("https://hooks.sl", "ack.com/services/T"),
      upper(8),
      is("/B"),
      upper(10),
      is("/"),
      word(24),
    ),
  ],
  ["stripe", "STRIPE_SECRET_KEY", make(is("sk", "_live_"), word(24))],
  ["stripe restricted", "STRIPE_KEY", make(is("rk", "_live_"), word(99))],
  ["openai", "OPENAI_API_KEY", make(is("s", "k-"), word(20), is("T3Blbk", "FJ"), word(20))],
  [
    "openai project",
    "OPENAI_API_KEY",
    make(is("s", "k-proj-"), url(74), is("T3Blbk", "FJ"), url(74)),
  ],
  ["anthropic", "ANTHROPIC_API_KEY", make(is("s", "k-ant-api03-"), url(93), is("AA"))],
  [
    "hugging face",
    "HF_TOKEN",
    make(is("h", "f_"), (r) => r.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 34)),
  ],
  ["npm", "NPM_TOKEN", make(is("np", "m_"), word(36))],
  ["pypi", "PYPI_TOKEN", make(is("py", "pi-AgEIcHlwaS5vcmc"), url(140))],
  ["digitalocean", "DIGITALOCEAN_TOKEN", make(is("do", "p_v1_"), hex(64))],
  ["azure storage", "AZURE_STORAGE_KEY", make(b64(86), is("=="))],
  [
    "azure connection",
    "AZURE_STORAGE_CONNECTION_STRING",
    make(
      is("DefaultEndpointsProtocol=https;AccountName=acme;Account", "Key="),
      b64(86),
      is("==;EndpointSuffix=core.windows.net"),
    ),
  ],
  ["azure client", "AZURE_CLIENT_SECRET", make(word(3), is("8", "Q~"), url(34))],
  ["twilio key", "TWILIO_API_KEY", make(is("S", "K"), hex(32))],
  ["twilio token", "TWILIO_AUTH_TOKEN", hex(32)],
  ["twilio pair", "TWILIO", make(is("A", "C"), hex(32), is(":"), hex(32))],
  ["sendgrid", "SENDGRID_API_KEY", make(is("S", "G."), url(22), is("."), url(43))],
  ["mailgun", "MAILGUN_API_KEY", make(is("ke", "y-"), hex(32))],
  ["telegram", "TELEGRAM_BOT_TOKEN", make(digits(10), is(":A", "A"), url(33))],
  [
    "discord bot",
    "DISCORD_BOT_TOKEN",
    (r) => `${Buffer.from(r.digits(18)).toString("base64url")}.${r.url(6)}.${r.url(27)}`,
  ],
  [
    "discord hook",
    "DISCORD_WEBHOOK",
    make(is("https://disc", "ord.com/api/webhooks/"), digits(18), is("/"), url(68)),
  ],
  ["wandb", "WANDB_API_KEY", hex(40)],
  [
    "age",
    "AGE_KEY",
    make(is("AGE-SECRET", "-KEY-1"), (r) => r.from("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
  ],
  ["notion", "NOTION_TOKEN", make(is("nt", "n_"), word(46))],
  ["notion old", "NOTION_API_KEY", make(is("sec", "ret_"), word(43))],
  ["shopify", "SHOPIFY_ACCESS_TOKEN", make(is("shp", "at_"), hex(32))],
  ["linear", "LINEAR_API_KEY", make(is("lin", "_api_"), word(40))],
  ["databricks", "DATABRICKS_TOKEN", make(is("da", "pi"), hex(32))],
  ["doppler", "DOPPLER_TOKEN", make(is("dp.", "pt."), word(43))],
  ["vault", "VAULT_TOKEN", make(is("hv", "s."), url(90))],
  ["cloudflare", "CLOUDFLARE_API_TOKEN", url(40)],
  ["heroku", "HEROKU_API_KEY", (r) => r.uuid()],
  ["heroku new", "HEROKU_API_KEY", make(is("HR", "KU-AA"), url(58))],
  ["atlassian", "ATLASSIAN_API_TOKEN", make(is("ATA", "TT3xFfGF0"), url(170), is("="), upper(8))],
  ["square", "SQUARE_ACCESS_TOKEN", make(is("sq0", "atp-"), url(22))],
  ["square new", "SQUARE_TOKEN", make(is("EA", "AA"), url(60))],
  ["sentry", "SENTRY_AUTH_TOKEN", make(is("snt", "ryu_"), hex(64))],
  ["new relic", "NEW_RELIC_API_KEY", make(is("NR", "AK-"), upper(27))],
  ["grafana", "GRAFANA_TOKEN", make(is("gl", "sa_"), word(32), is("_"), hex(8))],
  ["fly", "FLY_API_TOKEN", make(is("fm", "2_"), b64(150))],
  ["supabase", "SUPABASE_ACCESS_TOKEN", make(is("sb", "p_"), hex(40))],
  ["replicate", "REPLICATE_API_TOKEN", make(is("r", "8_"), word(37))],
  ["groq", "GROQ_API_KEY", make(is("gs", "k_"), word(52))],
  [
    "jwt",
    "ID_TOKEN",
    (r) =>
      [
        segment({ alg: "HS256", typ: "JWT" }),
        segment({ sub: r.lower(12), exp: r.below(1e9) }),
        r.url(43),
      ].join("."),
  ],
  ["rsa key", "PRIVATE_KEY", pem(["RSA", "PRIVATE", "KEY"].join(" "))],
  ["pkcs8 key", "TLS_KEY", pem(["PRIVATE", "KEY"].join(" "))],
  ["openssh key", "DEPLOY_KEY", pem(["OPENSSH", "PRIVATE", "KEY"].join(" "))],
  ["postgres url", "DATABASE_URL", (r) => `postgres://app:${r.word(16)}@db.internal:5432/main`],
  ["mongo url", "MONGO_URL", (r) => `mongodb+srv://svc:${r.word(20)}@cluster0.mongodb.net/x`],
  ["password", "DB_PASSWORD", (r) => `${r.word(6)}!${r.word(8)}`],
  ["postman", "POSTMAN_API_KEY", make(is("PM", "AK-"), hex(24), is("-"), hex(34))],
  ["docker", "DOCKER_TOKEN", make(is("dckr", "_pat_"), url(27))],
  ["planetscale", "PLANETSCALE_TOKEN", make(is("psc", "ale_tkn_"), url(43))],
  ["airtable", "AIRTABLE_TOKEN", make(is("pa", "t"), word(14), is("."), hex(64))],
  ["rubygems", "GEM_HOST_API_KEY", make(is("ruby", "gems_"), hex(48))],
  ["tailscale", "TS_AUTHKEY", make(is("tsk", "ey-auth-"), word(12), is("-"), word(32))],
  ["brevo", "BREVO_API_KEY", make(is("xke", "ysib-"), hex(64), is("-"), lower(16))],
];

/** About seventy providers. */
export const providers: readonly Provider[] = table.map(([name, variable, make]) => ({
  name,
  variable,
  make,
}));

/** What of a secret must not stay readable: for a URL with a password, the password. */
export function coreOf(provider: Provider, secret: string): string {
  if (provider.name.endsWith(" url")) return /:([^:@/]+)@/.exec(secret)?.[1] ?? secret;
  if (provider.name === "azure connection") return /Key=([^;]+)/.exec(secret)?.[1] ?? secret;
  return secret;
}

const lowerName = (provider: Provider): string => provider.variable.toLowerCase();
const json = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A context: the text with the secret in it, and the secret as it is written there. */
export interface Context {
  readonly name: string;
  readonly write: (provider: Provider, secret: string, random: Random) => string;
  readonly asWritten: (secret: string) => string;
}

const plain = (secret: string): string => secret;

/** Ten ways in which secrets end up in what a run writes. */
export const contexts: readonly Context[] = [
  {
    name: "env file",
    write: (p, s) => `DEBUG=1\n${p.variable}=${s.includes("\n") ? `"${s}"` : s}\nPORT=8080\n`,
    asWritten: plain,
  },
  {
    name: "json",
    write: (p, s) => JSON.stringify({ level: "info", [lowerName(p)]: s, port: 80 }),
    asWritten: json,
  },
  {
    name: "escaped json",
    write: (p, s) => JSON.stringify({ body: JSON.stringify({ [lowerName(p)]: s }), n: 1 }),
    asWritten: (s) => json(json(s)),
  },
  {
    name: "url query",
    write: (p, s) =>
      `GET https://api.acme.dev/v1/x?page=2&${lowerName(p)}=${encodeURIComponent(s)}&v=1 200`,
    asWritten: encodeURIComponent,
  },
  {
    name: "header",
    write: (p, s, r) =>
      r.below(2) === 0
        ? `Host: api.acme.dev\r\nAuthorization: Bearer ${s}\r\nAccept: */*\r\n`
        : `Host: api.acme.dev\r\nX-${p.variable.replaceAll("_", "-")}: ${s}\r\n`,
    asWritten: plain,
  },
  {
    name: "shell",
    write: (p, s, r) =>
      r.below(2) === 0
        ? `$ export ${p.variable}='${s}' && ./run.sh --fast`
        : `$ tool deploy --${lowerName(p).replaceAll("_", "-")} ${s.includes("\n") ? `"${s}"` : s} --yes`,
    asWritten: plain,
  },
  {
    name: "yaml",
    write: (p, s) =>
      s.includes("\n")
        ? `app:\n  ${lowerName(p)}: |\n${s.replace(/^/gm, "    ")}\n  debug: true\n`
        : `app:\n  ${lowerName(p)}: ${s}\n  debug: true\n`,
    asWritten: (s) => (s.includes("\n") ? s.replace(/^/gm, "    ").trimStart() : s),
  },
  {
    name: "ansi log",
    write: (p, s, r) => {
      const cut = 3 + r.below(Math.max(1, s.length - 6));
      const esc = "\u001b";
      const inside = r.below(2) === 0 ? s : `${s.slice(0, cut)}${esc}[1m${s.slice(cut)}`;
      return `${esc}[2m12:00:01${esc}[0m ${esc}[32mINFO${esc}[0m ${lowerName(p)}=${esc}[33m${inside}${esc}[0m ok\n`;
    },
    asWritten: plain,
  },
  {
    name: "base64",
    write: (p, s) => `payload ${Buffer.from(`${p.variable}=${s}\n`).toString("base64")} end`,
    asWritten: plain,
  },
  {
    name: "url-encoded",
    write: (p, s) => `body=${encodeURIComponent(`${p.variable}=${s}`)}`,
    asWritten: encodeURIComponent,
  },
];
